"""The page in a real browser: every panel, by mouse and by keyboard, and what it must refuse."""

import re
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest

import lossary as ls
from lossary.core import catalogue
from lossary.core.forms import Outputs, VectorLikelihood
from lossary.core.lookup import loss_class
from lossary.explorer.scenes import scenes
from tests.explorer.browser import MISSING, chromium, served, started
from tests.explorer.written import value

pytestmark = [pytest.mark.backendless, pytest.mark.skipif(chromium() is None, reason=MISSING)]
SHOWN = "#panel svg.chart path.series:visible, #panel table"
DRAWN = "#panel svg.chart path:is(.series, .arrow)"
UNWRITTEN = ("ctc", "cosine_similarity")  # a logarithm of two sums; a quotient whose dot is a product of vectors
# formulas of functions, counts or orders that have no number here; the value beside is right
LETTERS = (
    "ensemble_crps", "gaussian_crps", "generalized_dice", "hampel", "hinge_embedding", "interval_score", "lovasz_hinge",
    "lovasz_softmax", "mean_pairwise_squared_error", "multi_quantile", "squared_emd", "taylor_cross_entropy", "zlpr",
    "adaptive_wing", "cosine_distance", "general_robust", "log_kl", "reduced_focal", "wasserstein",
)  # fmt: skip
PANELS = (
    "losses", "fit", "classes", "points", "lists", "boxes", "distribution", "likelihood", "training", "own",
)  # fmt: skip


@pytest.fixture(scope="module")
def home():
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with started() as browser:
        yield browser


@pytest.fixture
def visit(browser, home):
    """Opens an address in a page of its own; whatever the console says, or goes elsewhere, is an error."""
    contexts, complaints = [], []

    def open_at(hash_="", expected=(), before="", **how):
        context = browser.new_context(**{
            "viewport": {"width": 1280, "height": 900},
            "permissions": ["clipboard-read", "clipboard-write"],
            "reduced_motion": "reduce",  # colours are judged at rest, not on their way
            **how,
        })  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # a busy machine is slow, not wrong

        def note(text):
            if not any(word in text for word in (*expected, "status of 503")):  # busy: the page asks again
                complaints.append(text)

        page.on("console", lambda message: note(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: note(str(error)))
        page.on("request", lambda request: None if request.url.startswith((home, "blob:")) else note(request.url))
        page.home = home
        if before:
            page.add_init_script(before)
        page.goto(home + hash_)
        page.locator(SHOWN).first.wait_for()
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []


def turn_to(page, panel):
    page.locator(f'#nav a[data-panel="{panel}"]').click()
    page.locator(f'#nav a[data-panel="{panel}"][aria-current]').wait_for()
    page.locator(SHOWN).first.wait_for()
    settled(page)


def path(page, label, chart=0):
    """What is drawn for one series."""
    return page.locator("svg.chart").nth(chart).locator(f'path[data-label="{label}"]')


def settled(page):
    """Waits until every question is answered and drawn."""
    page.locator('html[data-asking="0"]').wait_for()


def changed(locator, attribute, before):
    """Waits until an attribute is another."""
    from playwright.sync_api import expect

    expect(locator).not_to_have_attribute(attribute, before)
    return locator.get_attribute(attribute)


def slider(page, label):
    return page.get_by_label(label, exact=True)


# -- losses --------------------------------------------------------------------------------------------------------


def test_a_slider_moves_all_three_curves_and_the_address(visit):
    page = visit("#/losses?loss=huber&loss=mse")
    before = [path(page, "Huber", chart).get_attribute("d") for chart in range(3)]
    slider(page, "delta (δ)").focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.locator('svg.chart >> path[data-label="Huber(delta=1.8)"]').first.wait_for()
    after = [path(page, "Huber(delta=1.8)", chart).get_attribute("d") for chart in range(3)]
    assert all(a != b for a, b in zip(before, after, strict=True))
    page.wait_for_url(re.compile(r"loss=huber\(delta=1\.8\)&loss=mean_squared_error"))


def test_the_numbers_stand_in_the_formula(visit):
    page = visit("#/losses?loss=huber(delta=2)&at=3")
    settled(page)
    read = page.locator('.read[data-loss="huber"]')
    numbers = [float(text.replace("−", "-")) for text in read.locator("mn").all_text_contents()]
    at, result = numbers[2], numbers[-1]
    assert at == 3 and result == pytest.approx(4)
    box = page.locator("svg.chart").first.bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 100)
    changed(read.locator(".math"), "data-value", "4")
    assert page.locator(".over .cursor").count() == 3  # linked


def test_any_loss_of_the_catalogue_can_be_shown(visit, pytestconfig):
    page = visit()
    names = page.locator('select[data-key="loss-0"] option').evaluate_all("all => all.map((one) => one.value)")
    cards = catalogue.built_in()
    assert set(names) == set(cards)
    page.get_by_role("button", name="Remove MeanSquaredError").click()
    for name in names[:: 1 if pytestconfig.getoption("--full") else 12]:
        page.locator('select[data-key="loss-0"]').select_option(name)
        settled(page)
        if cards[name].undrawn:  # then it says why
            page.get_by_text(cards[name].undrawn).wait_for()
            continue
        page.locator(f'.read[data-loss="{name}"]').wait_for()
        assert page.locator("svg.chart").first.locator("path.series").count() == 1
        assert page.locator(".error:visible").count() == 0


READ = """async (all) => {
  const { ask } = await import("/static/api.js");
  const { filledIn } = await import("/static/formula.js");
  const { losses } = await ask("catalogue", {});
  const found = {};
  for (const [name, params] of Object.entries(all)) {
    const { axis: { span } } = await ask("curves", { losses: [{ name, params }] });
    const at = span[1] < 0.85 ? (span[0] + span[1]) / 2 : 0.85;
    const { curves: [one] } = await ask("reading", { losses: [{ name, params }], at });
    const entry = losses.find((one) => one.function === name);
    found[name] = [new XMLSerializer().serializeToString(filledIn(entry, one.symbols, one.value)), one.value];
  }
  return found;
}"""


@pytest.mark.parametrize("logits", [False, True])
def test_the_numbers_put_into_a_formula_give_the_value(visit, logits):
    drawn = {name: loss_class(card) for name, card in catalogue.built_in().items() if not card.undrawn}
    asked = {
        name: {"from_logits": logits} if "from_logits" in cls.params else {}
        for name, cls in drawn.items()
        if name not in UNWRITTEN and ("from_logits" in cls.params or not logits)
    }
    letters = set()
    for name, (formula, real) in visit().evaluate(READ, asked).items():
        try:
            sides, shown, written = value(formula)
            sides = [float(side) for side in sides]
        except (NameError, SyntaxError, TypeError):  # a formula of more than numbers: distances, areas, sums over rows
            links = issubclass(drawn[name], Outputs | VectorLikelihood)  # between the outputs and the letters
            letters |= set() if links or drawn[name].inputs else {name}
            continue
        assert shown == pytest.approx(real, rel=5e-3), name
        assert sides == pytest.approx([real] * len(sides), rel=5e-3, abs=1e-3), (name, written)
    assert letters == (set(LETTERS) if not logits else set(LETTERS) & set(asked))


def test_what_is_read_is_what_was_asked(visit):
    page = visit("#/losses?loss=huber&at=1.6")
    settled(page)
    assert page.locator(".reading h3").inner_text().endswith(": 1.6")
    assert float(page.locator(".read .math").get_attribute("data-value")) == pytest.approx(1.1)
    field = page.get_by_label("Show the values at error e = prediction − target, exactly")
    for typed, used, value_ in (("0.123", "0.123", 0.123**2 / 2), ("99", "4", 3.5)):
        field.fill(typed)
        field.press("Tab")
        settled(page)
        assert field.input_value() == used and page.locator(".reading h3").inner_text().endswith(f": {used}")
        assert float(page.locator(".read .math").get_attribute("data-value")) == pytest.approx(value_, rel=1e-5)


def test_losses_are_laid_on_one_another(visit):
    page = visit("#/losses?loss=binary_crossentropy")
    for count in (2, 3, 4):
        page.get_by_role("button", name="Add a loss").click()
        page.locator(f"svg.chart >> nth=0 >> path.series >> nth={count - 1}").wait_for()
    assert page.get_by_role("button", name="Add a loss").count() == 0
    page.get_by_label("from_logits").first.check()
    page.get_by_text("predicted logit z").first.wait_for()
    assert page.locator("svg.chart").first.locator("path.series").count() >= 2


def test_a_parameter_outside_its_bounds_is_told_in_four_parts(visit):
    page = visit("#/losses?loss=huber", expected=["422"])
    page.get_by_label("delta (δ), exactly").fill("-1")
    page.keyboard.press("Tab")
    text = page.get_by_role("alert").first.inner_text()
    assert "It was given delta=-1" in text and "a finite number > 0" in text


def test_a_parameter_that_is_a_list_is_typed(visit):
    page = visit("#/losses?loss=multi_quantile")
    field = page.get_by_label("q", exact=True)
    assert field.get_attribute("placeholder") == "0.1, 0.5, 0.9" and field.input_value() == ""
    field.fill("0.2, 0.7")
    field.press("Enter")
    page.locator('svg.chart >> path[data-label="MultiQuantile(q=(0.2, 0.7))"]').first.wait_for()
    page.wait_for_url(re.compile(r"loss=multi_quantile\(q=0\.2\|0\.7\)"))
    field.fill("0.2, x")
    field.press("Enter")
    assert field.get_attribute("aria-invalid") == "true"
    page.reload()
    page.locator('svg.chart >> path[data-label="MultiQuantile(q=(0.2, 0.7))"]').first.wait_for()
    assert page.get_by_label("q", exact=True).input_value() == "0.2, 0.7"


# -- the playground ------------------------------------------------------------------------------------------------


def test_a_point_is_dragged_and_the_lines_follow(visit):
    page = visit("#/fit?loss=mse&loss=mae&points=1,2;2,3;3,4;4,5;5,6;6,7")
    before = path(page, "MeanSquaredError").get_attribute("d")
    point = page.locator('[data-key="p5"]').bounding_box()
    page.mouse.move(point["x"] + 7, point["y"] + 7)
    page.mouse.down()
    page.mouse.move(point["x"] + 7, point["y"] + 120, steps=5)
    page.mouse.up()
    changed(path(page, "MeanSquaredError"), "d", before)
    page.wait_for_url(re.compile(r"points=1,2;2,3;3,4;4,5;5,6;6,3\.\d"))
    slope = page.locator("tbody tr").nth(1).locator("td").first.inner_text()
    assert slope == "1 + 1 x"  # the median line does not move for one outlier


def test_points_that_pull_alike_are_counted(visit):
    page = visit("#/fit?loss=mae&loss=mse&points=0,0;1,2;2,1;3,4;4,2")
    hardest = [row.locator("td").last.inner_text() for row in page.locator("tbody tr").all()]
    assert re.fullmatch(r"[35] points alike \(each (33|20)\s% of all\)", hardest[0]) and hardest[1].startswith(
        "point 4 ("
    )


def test_points_by_keyboard(visit):
    page = visit("#/fit?loss=mse&points=1,2;2,3;3,4")
    page.locator('[data-key="p1"]').focus()
    for key in ("ArrowUp", "ArrowUp", "Shift+ArrowRight"):
        page.keyboard.press(key)
    page.wait_for_url(re.compile(r"points=1,2;3,3\.2;3,4"))
    page.keyboard.press("Delete")
    page.wait_for_url(re.compile(r"points=1,2;3,4&"))
    page.get_by_role("button", name="Add an outlier").click()
    page.wait_for_url(re.compile(r"points=1,2;3,4;[\d.]+,9\.6"))


def test_guess_first_then_see_the_optimum(visit):
    from playwright.sync_api import expect

    page = visit("#/fit?loss=mse&loss=huber")
    page.get_by_label("Fit by hand").check()
    page.locator('path[data-label="by hand"]').wait_for(state="attached")
    assert path(page, "MeanSquaredError").count() == 0
    guess = page.locator("tbody tr").first.locator("td").last
    before = guess.inner_text()
    page.locator('[data-key="h1"]').focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(guess).not_to_have_text(before)
    page.get_by_role("button", name="Show the optimum").click()
    path(page, "MeanSquaredError").wait_for()
    cells = page.locator("tbody tr").first.locator("td").all_inner_texts()
    assert float(cells[1]) < float(cells[-1])


# -- points, lists, boxes, distributions ---------------------------------------------------------------------------


def shown_value(page):
    return float(page.locator("tbody td").first.inner_text().replace("−", "-"))


def asked_of(page, name):
    """What the loss gives for the places in the address, and for the start where these say nothing."""
    (scene,) = [one for one in scenes(ls.get(name)) if one.form == "call"]
    query = parse_qs(page.url.partition("?")[2])
    at = {
        part.name: np.fromstring(query[f"at-{part.name}"][0], sep=",").reshape(part.start.shape)
        if f"at-{part.name}" in query
        else part.start
        for part in scene.parts
    }
    return at, float(ls.get(name)(**{part: x.astype("float32") for part, x in at.items()}))


@pytest.mark.parametrize(
    ("panel", "name", "key", "place"),
    [
        ("points", "triplet_margin", "positive.0", ("positive", 0)),
        ("points", "cosine_embedding", "second.1", ("second", 2)),
        ("lists", "listwise_softmax", "score.3", ("score", 3)),
        ("boxes", "giou", "y_pred.middle", ("y_pred", 0)),
    ],
)
def test_what_is_dragged_is_what_the_loss_reads(visit, panel, name, key, place):
    from playwright.sync_api import expect

    page = visit(f"#/{panel}?loss={name}")
    settled(page)
    before, value = asked_of(page, name)
    assert shown_value(page) == pytest.approx(value, rel=1e-4)
    handle = page.locator(f'[data-key="{key}"]')
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 7, box["y"] + 7)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, box["y"] + 21, steps=3)
    page.mouse.up()
    page.wait_for_url(re.compile(f"at-{place[0]}="))
    settled(page)
    dragged, value = asked_of(page, name)
    assert dragged[place[0]].ravel()[place[1]] < before[place[0]].ravel()[place[1]] - 0.2
    assert shown_value(page) == pytest.approx(value, rel=1e-4)
    shown = page.locator("tbody td").first
    text = shown.inner_text()
    handle.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(shown).not_to_have_text(text)
    settled(page)
    moved, value = asked_of(page, name)
    assert moved[place[0]].ravel()[place[1]] == pytest.approx(dragged[place[0]].ravel()[place[1]] + 1)
    assert shown_value(page) == pytest.approx(value, rel=1e-4)
    assert page.locator("path.arrow").count() > 0
    page.get_by_role("button", name="Start again").click()
    page.wait_for_url(re.compile(rf"loss={name}(?!.*at-)"))


def test_a_gradient_is_an_arrow_downhill(visit):
    page = visit("#/boxes?loss=diou&at-y_true=2,2,4,4&at-y_pred=7,2,9,4")
    settled(page)
    start, end = re.findall(r"[ML]([\d.]+)", page.locator('path.arrow[data-label="DIoU left"]').get_attribute("d"))[:2]
    assert float(end) < float(start)  # the box is right of its target, so its edge should go to the left


def test_labels_are_typed_and_told_where_they_cannot_be(visit):
    page = visit("#/points?loss=triplet_margin&form=mined", expected=["422"])
    settled(page)
    before = shown_value(page)
    field = page.get_by_label("label", exact=True)
    field.fill("0, 1, 0, 1")
    field.press("Enter")
    page.wait_for_url(re.compile(r"at-label=0,1,0,1"))
    settled(page)
    assert shown_value(page) != before
    field.fill("0, 1")
    field.press("Enter")
    page.get_by_role("alert").filter(has_text="a list of 4 number(s)").wait_for()


def test_an_observation_is_dragged_along_its_density(visit):
    page = visit("#/distribution?loss=laplace_nll&loss=laplace_crps")
    settled(page)

    def agree():
        settled(page)
        query = {
            name: float(value[0]) for name, value in parse_qs(page.url.partition("?")[2]).items() if name != "loss"
        }
        outputs = np.float32([[query["at-loc"], np.log(query["at-scale"])]])
        cells = page.locator("tbody").first.locator("tr >> td:first-of-type").all_inner_texts()
        for text, name in zip(cells, ("laplace_nll", "laplace_crps"), strict=True):
            assert float(text.replace("−", "-")) == pytest.approx(float(ls.get(name)([query["y"]], outputs)), rel=1e-4)
        return query

    slider(page, "scale").focus()
    page.keyboard.press("ArrowRight")
    y = agree()["y"]
    handle = page.locator('[data-key="y"]').last
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 7, box["y"] + 7)
    page.mouse.down()
    page.mouse.move(box["x"] + 67, box["y"] + 7, steps=3)
    page.mouse.up()
    page.wait_for_url(re.compile(rf"y=(?!{y})"))
    further = agree()["y"]
    assert further > y
    handle.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile(rf"y={round(further - 0.1, 2):g}(&|$)"))
    agree()


@pytest.mark.full
@pytest.mark.parametrize("panel", ["points", "lists", "boxes", "distribution"])
def test_every_loss_of_a_panel_is_shown(visit, panel):
    page = visit(f"#/{panel}")
    choose = page.locator('select[data-key="loss-0"]')
    while page.get_by_role("button", name=re.compile("^Remove ")).count():
        page.get_by_role("button", name=re.compile("^Remove ")).first.click()
    names = choose.locator("option").evaluate_all("all => all.map((one) => one.value)")
    for name in names:
        choose.select_option(name)
        settled(page)
        assert page.locator("tbody th").first.inner_text().strip() == catalogue.built_in()[name].name
        assert page.locator("tbody td").first.inner_text() not in ("", "–")
        assert page.locator(".error:visible").count() == 0, name


# -- classes, likelihood, training ---------------------------------------------------------------------------------


def test_imbalance_and_noise_move_the_boundaries(visit):
    page = visit("#/classes?loss=bce&loss=hinge&share=0.3&noise=0")
    for label in ("Share of class 1", "Wrong labels"):
        line = page.locator("svg.chart path.series").first
        before = line.get_attribute("d")
        slider(page, label).focus()
        page.keyboard.press("End")
        changed(line, "d", before)
    page.locator("circle.wrong").first.wait_for()
    assert page.locator("tbody tr").count() == 2


def test_the_likelihood_is_climbed(visit):
    page = visit("#/likelihood")
    before = page.locator("tbody td").last.inner_text()
    assert page.locator(".best").count() == 0  # guess first
    page.get_by_role("button", name="Go to the maximum").click()
    page.locator(".best").first.wait_for(state="attached")
    rows = page.locator("tbody tr")
    page.locator("tbody tr >> nth=1").wait_for()
    assert rows.nth(0).locator("td").all_inner_texts()[:2] == rows.nth(1).locator("td").all_inner_texts()[:2]
    assert rows.nth(0).locator("td").last.inner_text() != before
    page.get_by_label("Distribution", exact=True).select_option("Poisson")
    page.get_by_label("λ", exact=True).wait_for()


def test_training_starts_pauses_and_takes_a_new_setting_while_it_runs(visit):
    from playwright.sync_api import expect

    page = visit("#/training?loss=huber&penalty=0.001")
    page.get_by_role("button", name="Start", exact=True).click()
    step = page.locator("tbody td").first

    def beyond(count):
        page.wait_for_function("count => Number(document.querySelector('tbody td').innerText) > count", arg=count)

    beyond(16)
    weak = page.locator("tbody td").nth(2).inner_text()
    slider(page, "Regularization (L2)").focus()
    page.keyboard.press("End")
    beyond(int(step.inner_text()) + 16)
    assert float(page.locator("tbody td").nth(2).inner_text()) > 5 * float(weak)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Start", exact=True).wait_for()
    assert page.locator("path.stack").count() == 2
    page.get_by_role("button", name="Restart").click()
    expect(step).to_have_text("0")


# -- your own ------------------------------------------------------------------------------------------------------


def test_a_bad_csv_is_told_with_its_line(visit, tmp_path):
    page = visit("#/own?loss=bce", expected=["422"])
    bad = tmp_path / "bad.csv"
    bad.write_text("y,p\n1,0.5\n0\n")
    page.locator("#file").set_input_files(bad)
    page.get_by_role("alert").filter(has_text="Line 3 has 1 cell").wait_for()
    good = tmp_path / "good.csv"
    good.write_text("y,p\n1,1.5\n0,-2\n")
    page.locator("#file").set_input_files(good)
    page.get_by_text("L002 ERROR logits-or-probabilities").wait_for()


def test_a_table_that_is_too_large_is_not_sent(visit, tmp_path):
    page = visit("#/own")
    large = tmp_path / "large.csv"
    large.write_text("y,p\n" + "1,0.5\n" * 200_000)
    page.locator("#file").set_input_files(large)
    page.get_by_role("alert").filter(has_text="900,000").wait_for()


def test_a_hostile_formula_is_read_and_refused(visit):
    page = visit("#/own?by=formula&formula=k*e^2", expected=["422"])
    slider(page, "k").wait_for()
    for text in ("__import__('os').system('x')", "<img src=x onerror=alert(1)>", "e.__class__", "(" * 200):
        page.locator("#formula").fill(text)
        page.get_by_role("alert").filter(has_text=text[:20]).first.wait_for()
    assert page.locator("#panel img").count() == 0
    page.locator("#formula").fill("k*|e|")
    page.get_by_text("k*|e|:").wait_for()
    settled(page)
    assert page.locator(".error:visible").count() == 0


# -- what is shared ------------------------------------------------------------------------------------------------

SHARED = {
    "losses": "loss=tukey_biweight(c=3)&loss=cauchy&at=1.5",
    "fit": "loss=quantile(q=0.9)&points=1,2;4,3;7,8&degree=1&show=pulls",
    "classes": "loss=squared_hinge&share=0.2&noise=0.15&apart=1.5&rows=90&seed=7&shape=ring&boundary=curved",
    "points": "loss=nt_xent(temperature=0.5)&form=labelled&at-label=0,1,0,1&at-embedding=1,0.2,-0.5,1,0.3,-1,-1,0.4",
    "lists": "loss=listwise_softmax&at-relevance=0,2,1,0,3&at-score=1,-0.5,0.4,2.1,-1.2",
    "boxes": "loss=diou(coding=centre)&loss=ciou(coding=centre)&at-y_true=1,1,4,5&at-y_pred=2,2,6,4.5",
    "distribution": "loss=laplace_nll&loss=laplace_crps&y=2.5&at-loc=1.5&at-scale=0.8",
    "likelihood": "distribution=Laplace&size=50&seed=3&outliers=2&at-μ=2.5&maximum=1",
    "training": "loss=log_cosh&rate=0.05&penalty=0.002&outliers=0.2&noise=0.1&pace=3&seed=5",
    "own": "by=formula&formula=k*e^2&over=error&v-k=2.5&table=y%2Cp%0A1%2C2%0A",
}


@pytest.mark.parametrize("panel", PANELS)
def test_a_link_brings_back_everything(visit, panel):
    page = visit(f"#/{panel}?{SHARED[panel]}")
    lines = page.locator(DRAWN)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    for part in SHARED[panel].replace("%2C", ",").split("&"):
        assert part.replace("μ", "%CE%BC") in link
    settled(page)
    drawn = [line.get_attribute("d") for line in lines.all()]
    page.goto("about:blank")
    page.goto(link)
    page.locator(SHOWN).first.wait_for()
    settled(page)
    assert [line.get_attribute("d") for line in lines.all()] == drawn and len(drawn) > 0
    assert page.url == link


def told(page):
    """What the page says of a link that it could not use whole."""
    return page.locator("#left-out li").all_inner_texts()


def test_an_address_that_makes_no_sense_shows_the_default(visit):
    page = visit("#/losses?loss=<script>&loss=huber(delta=abc)&second=x&at=1e999")
    settled(page)
    assert page.locator('.read[data-loss="huber"]').count() == 1
    assert [text.split(":")[0] for text in told(page)] == ["at=1e999", "second=x", "loss=<script>", "huber(delta=abc)"]
    for name in ("nothing?points=;;", "__proto__", "constructor", "toString?loss=mse"):
        page = visit(f"#/{name}")
        assert page.locator("#nav a[aria-current]").inner_text() == "Losses"
        assert "no such panel" in told(page)[0]


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("losses?loss=nothing&loss=huber", "loss=nothing"),
        ("losses?loss=mse&loss=mae&loss=huber&loss=cauchy&loss=tukey_biweight", "loss=tukey_biweight"),
        ("losses?loss=huber(beta=2)", "huber(beta=2)"),
        ("losses?loss=huber&at=9", "at=9"),
        ("losses?loss=bce&second=9", "second=9"),
        ("losses?loss=huber&speed=9", "speed=9"),
        ("fit?loss=bce&loss=mse", "loss=bce"),
        ("fit?loss=mse&points=1,2;3,4;5,99", "points"),
        ("fit?loss=mse&degree=2.5", "degree=2.5"),
        ("classes?loss=ctc&loss=bce", "loss=ctc"),
        ("classes?loss=bce&share=0.9", "share=0.9"),
        ("classes?loss=bce(from_logits=false)", "binary_crossentropy(from_logits=false)"),
        ("losses?loss=huber(delta=1,delta=2)", "loss=huber(delta=1,delta=2)"),
        ("losses?loss=huber&at=1&at=2", "at"),
        ("points?loss=triplet_margin&at-anchor=1,2,3", "at-anchor"),
        ("points?loss=triplet_margin&form=other", "form=other"),
        ("boxes?loss=mse&loss=iou", "loss=mse"),
        ("distribution?loss=laplace_nll&at-scale=99", "at-scale=99"),
        ("likelihood?distribution=Cauchy", "distribution=Cauchy"),
        ("likelihood?at-μ=99", "at-μ=99"),
        ("training?loss=mse&loss=mae&loss=huber", "loss=huber"),
        ("own?by=formula&formula=k*e^2&v-k=2&v-j=3", "v-j=3"),
        ("own?by=loss&loss=bce&over=error", ""),
    ],
)
def test_a_link_drops_nothing_in_silence(visit, link, said):
    page = visit(f"#/{link}", expected=["422"])
    settled(page)
    assert [text.startswith(said) for text in told(page)] == [True] * bool(said)
    if said:
        page.get_by_role("button", name="OK").click()
        assert page.locator("#left-out").is_hidden()


def test_losses_over_other_axes_are_named_and_not_dropped(visit):
    page = visit("#/losses?loss=bce&loss=weighted_binary_crossentropy(from_logits=true)")
    settled(page)
    assert told(page) == [] and page.locator("fieldset.loss").count() == 2
    page.get_by_text("it has another axis").wait_for()


def test_code_can_be_copied(visit):
    page = visit("#/losses?loss=huber(delta=2)&loss=cauchy")
    page.get_by_role("button", name="Copy as code").click()
    page.get_by_role("button", name="Copy Huber(delta=2) for torch").click()
    page.get_by_text("Code for torch copied.").wait_for()
    assert "torch.nn.HuberLoss(delta=2)" in page.evaluate("navigator.clipboard.readText()")
    for panel in PANELS[1:]:
        turn_to(page, panel)
        page.get_by_role("button", name="Copy as code").click()
        page.locator("#code pre").first.wait_for()
        assert page.locator("#code .error").count() == 0


def test_figures_are_saved_as_svg(visit, tmp_path):
    import xml.etree.ElementTree as ET

    page = visit("#/losses?loss=huber&loss=mse")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save figure").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert root.tag.endswith("svg") and download.value.suggested_filename == "lossary-losses.svg"
    assert "var(" not in text and "class=" not in text and "MeanSquaredError" in text
    dashed = [e for e in root.iter() if e.get("stroke-dasharray", "none") not in ("none", "")]
    assert dashed and text.count("<path") >= 6


# -- answers that come late ----------------------------------------------------------------------------------------

HELD = """(() => {
    const real = window.fetch;
    window.hold = null; // the questions of this name are answered, and the answers kept until they are let go
    window.held = [];
    window.fetch = async (...how) => {
        const answer = await real(...how);
        if (window.hold && String(how[0]).endsWith(`/${window.hold}`)) await new Promise((go) => window.held.push(go));
        return answer;
    };
})()"""


@pytest.fixture
def late(visit, browser):
    """Opens a page whose answers can be held back: hold(page, name), then one(page) lets go of the first."""

    def open_at(hash_):
        page = visit(hash_, before=HELD)
        settled(page)
        return page

    return open_at


def hold(page, name):
    page.evaluate("name => { window.hold = name; }", name)


def one(page):
    """Lets the first answer that is held go, once it is there."""
    page.wait_for_function("() => window.held.length > 0")
    page.evaluate("window.held.shift()()")
    page.wait_for_timeout(0)


def rest(page):
    """Lets all answers go, now and later."""
    page.evaluate("window.hold = null; window.held.splice(0).forEach((go) => go());")
    settled(page)


def typed(page, label, text):
    field = page.get_by_label(f"{label}, exactly")
    field.fill(text)
    field.press("Tab")


def test_numbers_are_those_of_the_curves_that_are_shown(late):
    page = late("#/losses?loss=huber&at=3")
    hold(page, "curves")
    typed(page, "delta (δ)", "2")
    typed(page, "Show the values at error e = prediction − target", "2")
    read = page.locator(".read .math")
    changed(read, "data-value", "2.5")
    assert read.get_attribute("data-value") == "1.5"  # of delta 1, as the curve and its name are
    page.locator('svg.chart >> path[data-label="Huber"]').first.wait_for()
    rest(page)
    assert read.get_attribute("data-value") == "2"
    assert page.locator('svg.chart >> path[data-label="Huber(delta=2)"]').count() == 3


def test_cards_are_those_of_the_curves_that_are_shown(late):
    page = late("#/losses?loss=huber")
    hold(page, "curves")
    choose = page.locator('select[data-key="loss-0"]')
    for name in ("log_cosh", "cauchy", "mean_squared_error"):
        choose.select_option(name)
    assert page.locator(".loss-card h3").inner_text().strip() == "Huber"
    one(page)
    page.locator(".loss-card h3").filter(has_text="LogCosh").wait_for()
    page.locator('svg.chart >> path[data-label="LogCosh"]').first.wait_for()
    rest(page)
    assert page.locator(".loss-card h3").inner_text().strip() == "MeanSquaredError"
    assert page.locator('.read[data-loss="mean_squared_error"]').count() == 1


@pytest.mark.parametrize(("second", "name"), [("4", "binary_crossentropy"), ("0.3", "binary_crossentropy")])
def test_a_second_number_is_not_taken_to_another_axis(late, second, name):
    page = late(f"#/losses?loss=poisson&second={second}")
    page.locator('select[data-key="loss-0"]').select_option(name)
    page.locator(f'.read[data-loss="{name}"]').wait_for()
    settled(page)
    assert page.locator(".error:visible").count() == 0
    assert page.get_by_label("target y, exactly").input_value() == "1"
    assert "y = 1" in page.locator(".read .facts").inner_text()


def test_controls_are_those_of_what_is_chosen(late):
    page = late("#/likelihood")
    hold(page, "likelihoods")
    typed(page, "σ", "3")
    page.get_by_label("Distribution", exact=True).select_option("Poisson")
    assert page.get_by_label("λ", exact=True).is_visible() and page.get_by_label("σ", exact=True).count() == 0
    page.get_by_role("button", name="Go to the maximum").click()  # of what is still shown: nothing is taken over
    one(page)
    assert page.get_by_label("λ", exact=True).is_visible()
    rest(page)
    assert page.locator("thead th").all_inner_texts()[1:] == ["λ", "log-likelihood"]
    page.wait_for_url(re.compile(r"distribution=Poisson"))
    assert "at-" not in page.url


def test_a_formula_is_drawn_over_the_axis_that_it_was_asked_for(late):
    page = late("#/own?by=formula&formula=e^2")
    hold(page, "formula")
    page.locator("#formula").fill("p^2")
    page.get_by_label("Horizontal axis").select_option("probability")
    one(page)
    page.locator('svg.chart[aria-label="value of the formula p^2"]').wait_for()
    assert page.locator("svg.chart").first.get_by_text("error e = p − y").count() == 1
    rest(page)
    assert page.locator("svg.chart").first.get_by_text("prediction p (y = 1)").count() == 1


def test_code_is_that_of_the_losses_that_are_chosen(late):
    page = late("#/losses?loss=huber")
    hold(page, "code")
    page.get_by_role("button", name="Copy as code").click()
    page.locator('select[data-key="loss-0"]').select_option("cauchy")
    rest(page)
    assert page.locator("#code").is_hidden()
    page.get_by_role("button", name="Copy as code").click()
    settled(page)
    assert "Cauchy" in page.locator("#code h2").inner_text()


@pytest.mark.parametrize(
    ("panel", "name"),
    [("losses", "curves"), ("fit", "fits"), ("classes", "planes"), ("likelihood", "likelihoods"),
     ("training", "network"), ("own", "rows")],
)  # fmt: skip
def test_a_panel_may_be_left_and_come_back_to_while_it_asks(late, panel, name):
    page = late(f"#/{panel}")
    before = page.locator("#panel").inner_text()
    other = "fit" if panel != "fit" else "losses"
    turn_to(page, other)
    there = page.locator("#panel").inner_text()
    hold(page, name)
    page.go_back()
    page.wait_for_function("() => window.held.length > 0")
    page.go_forward()
    rest(page)
    assert page.locator(f'#nav a[data-panel="{other}"][aria-current]').count() == 1
    assert page.locator("#panel").inner_text() == there
    page.go_back()
    page.locator(f'#nav a[data-panel="{panel}"][aria-current]').wait_for()
    settled(page)
    assert page.locator("#panel").inner_text() == before


def test_training_that_was_restarted_takes_no_late_step(late):
    page = late("#/training?loss=mse")
    hold(page, "network")
    page.get_by_role("button", name="One step").click()
    page.get_by_role("button", name="Restart").click()
    page.locator('select[data-key="loss-0"]').select_option("huber")
    rest(page)
    assert page.locator("tbody th").inner_text().strip() == "Huber"
    assert page.locator("tbody td").first.inner_text() == "0"


def test_a_busy_explorer_is_asked_again(visit, home):
    page = visit("#/losses?loss=huber", expected=["503"])
    settled(page)
    busy = {"status": 503, "headers": {"retry-after": "0"}, "json": {"error": {"asked": "busy"}}}
    answers = iter([busy, busy])

    def answered(route):
        how = next(answers, None)
        return route.fulfill(**how) if how else route.continue_()

    page.route("**/api/curves", answered)
    typed(page, "delta (δ)", "2")
    page.locator('svg.chart >> path[data-label="Huber(delta=2)"]').first.wait_for()
    assert next(answers, None) is None and page.locator(".error:visible").count() == 0


# -- for everyone --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(color_scheme=scheme)
    only = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}  # all else is the same in the dark
    for panel in PANELS:
        turn_to(page, panel)
        if panel == "losses":
            page.get_by_role("button", name="Copy as code").click()
            page.locator("#code pre").first.wait_for()
            page.locator("details.numbers summary").click()
        if panel == "fit":
            page.get_by_label("Fit by hand").check()
            page.locator('[data-key="h0"]').wait_for()
        found = Axe().run(page, options=only).response["violations"]
        bad = [(v["id"], n["html"][:200]) for v in found if v["impact"] in ("serious", "critical") for n in v["nodes"]]
        assert bad == [], panel


def test_nothing_is_wider_than_a_phone(visit):
    page = visit(viewport={"width": 360, "height": 740}, has_touch=True)
    for panel in PANELS:
        turn_to(page, panel)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, panel


@pytest.mark.parametrize("panel", PANELS)
def test_on_a_phone_the_picture_stays_in_sight_while_a_slider_moves(visit, panel):
    with_sliders = {"own": "?by=formula", "lists": "?loss=margin_ranking"}
    page = visit(f"#/{panel}{with_sliders.get(panel, '')}", viewport={"width": 360, "height": 740}, has_touch=True)
    settled(page)
    for at in ("first", "last"):
        getattr(page.locator(".slider input[type=range]:visible"), at).scroll_into_view_if_needed()
        box = page.locator(".pictures svg.chart:visible").first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 740
    slider_box = page.locator(".slider input[type=range]:visible").last.bounding_box()
    assert slider_box["y"] >= box["y"] + box["height"]  # the picture does not cover it


def test_on_a_phone_every_chart_can_be_chosen(visit):
    page = visit("#/losses?loss=huber", viewport={"width": 360, "height": 740})
    for name in ("Gradient", "Curvature", "Value"):
        page.get_by_role("button", name=name).click()
        page.locator(f'svg.chart[aria-label^="{name}"]').wait_for()
        assert page.locator("svg.chart:visible").count() == 1
        page.locator("svg.chart:visible .cursor").wait_for(state="attached")  # drawn once it has a width


CUT = """[...document.querySelectorAll('#panel *, #code, #code *')].filter((e) => e.clientWidth > 0 && !e.closest('svg')
    && e.localName !== 'textarea' && getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1)
    .map((e) => `${e.localName}.${e.className} ${e.textContent.slice(0, 60)}`)"""


def test_on_a_phone_nothing_is_cut(visit):
    page = visit("#/losses?loss=circle", viewport={"width": 360, "height": 740})
    losses = ("categorical_focal_crossentropy&loss=tukey_biweight", "gaussian_nll", "circle")
    panels = (
        "fit",
        "classes",
        "points",
        "lists",
        "boxes",
        "distribution",
        "likelihood?maximum=1",
        "training",
        "own",
        "own?by=formula",
    )
    for hash_ in (*(f"losses?loss={names}" for names in losses), *panels):
        page.goto("about:blank")
        page.goto(f"{page.home}#/{hash_}")
        page.locator(SHOWN).first.wait_for()
        settled(page)
        page.get_by_role("button", name="Copy as code").click()
        page.locator("#code pre").first.wait_for()
        if "losses" in hash_:
            page.locator("details.numbers summary").click()
        assert page.evaluate(CUT) == [], hash_
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, hash_


def test_another_page_cannot_ask(visit, home, browser):
    """A page of another origin is refused, whatever it tries; the browser shows it nothing."""
    with served() as other:
        context = browser.new_context()
        page = context.new_page()
        page.goto(other)
        tries = f"""async () => {{
            const tried = [];
            for (const how of [{{}}, {{mode: 'no-cors'}}, {{method: 'POST', mode: 'no-cors', body: '{{}}'}},
                               {{method: 'POST', headers: {{'content-type': 'application/json'}}, body: '{{}}'}}]) {{
                try {{ tried.push((await fetch('{home}api/catalogue', how)).type); }} catch {{ tried.push('refused'); }}
            }}
            return tried;
        }}"""
        assert set(page.evaluate(tries)) == {"refused"}  # by the policy of the page itself
        context.close()
        free = browser.new_context(bypass_csp=True)
        page = free.new_page()
        page.goto(other)
        assert set(page.evaluate(tries)) <= {"refused", "opaque"}
        free.close()
