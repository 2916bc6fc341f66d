"""Five hundred random command lines with random files: a result, or one message of four parts and exit code 2."""

import pytest

from tests.cli.lines import Line, fault, line, run

pytestmark = pytest.mark.backendless
SEED = 20261126


@pytest.mark.parametrize("first", range(0, 500, 50))
def test_random_command_lines_give_a_result_or_a_message(first, tmp_path):
    wrong = []
    for number in range(first, first + 50):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = line(SEED, number)
        if found := fault(made, folder):
            wrong.append(f"benchmarks/fuzz_commands.py --seed {SEED} --only {number}\n{made.words}\n{found}")
    assert not wrong, "\n\n".join(wrong)


def test_some_lines_give_results_and_some_messages(tmp_path):
    assert run(Line(["show", "huber"]), tmp_path)[0] == 0
    assert run(Line(["show", "hubr"]), tmp_path)[0] == 2


def test_what_is_wrong_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr("lossary.cli.texts.show_card", lambda name: print("\x1b[31m") or 0)
    assert "sends" in fault(Line(["show", "huber"]), tmp_path)
    monkeypatch.setattr("lossary.cli.texts.show_card", lambda name: 1 / 0)
    assert "ZeroDivisionError" in fault(Line(["show", "huber"]), tmp_path)
    monkeypatch.setattr("lossary.cli.texts.show_card", lambda name: 3)
    assert "exit code 3" in fault(Line(["show", "huber"]), tmp_path)
    monkeypatch.setattr("lossary.cli.texts.show_card", lambda name: 2)
    assert "no message" in fault(Line(["show", "huber"]), tmp_path)
