"""Examples of the errors of fits by maximum likelihood."""

from __future__ import annotations

from tools.errors_example import Example

DATA = "data = np.array([1.0, 2.0, 3.0, 6.0])\n"
REGRESSION = "x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([1.0, 3.0, 2.0, 5.0])\n"
OWN = 'def mine(y, p):\n    return ops.log(p["rate"]) - y * p["rate"]\n\n\n'

LIKELIHOOD = [
    Example("Numbers too large to add up", "ls.fit_distribution is given numbers whose sums or squares overflow.",
            'ls.fit_distribution([1e308, 1.7e308], "gamma")', "Change the unit: divide the data."),
    Example("Numbers whose squares overflow", "A start needs squares of the numbers, which float64 does not hold.",
            'ls.fit_distribution([1e300, 3e300, 5e300], "generalized_pareto")', "Change the unit: divide the data."),
    Example("A distribution that does not exist", "ls.fit_distribution is given a name that is not a distribution.",
            DATA + 'ls.fit_distribution(data, "nosuch")', "Use one of the names that the error lists."),
    Example("Numbers that a distribution cannot give", "Data outside of the support, or fractions for counts.",
            'ls.fit_distribution([-1.0, 2.0], "gamma")', "Choose another distribution, or shift the data."),
    Example("Angles of more than one turn", "A distribution of angles is given numbers that span more than 2 pi.",
            'ls.fit_distribution([10.0, 20.0, 350.0], "von_mises")', "Turn degrees into radians: np.deg2rad(data)."),
    Example("NaN in the data of a fit", "The data, weights or codes of censoring hold NaN or infinity.",
            'ls.fit_distribution([1.0, np.nan], "normal")', "Leave such rows out."),
    Example("Data of a fit in two columns", "The data are not a single column, or are empty.",
            "ls.fit_distribution(np.ones((3, 2)))", "Fit one column at a time."),
    Example("Weights of another length, in a fit", "weights or censored does not have one number for each row.",
            DATA + "ls.fit_distribution(data, weights=[1.0, 2.0])", "Pass one for each row."),
    Example("Weights below 0, in a fit of a distribution", "A weight is negative, or all are 0.",
            DATA + "ls.fit_distribution(data, weights=[1.0, -1.0, 1.0, 1.0])", "A weight of 2 counts a row twice."),
    Example("Codes of censoring", "censored holds other numbers than -1, 0 and 1.",
            DATA + "ls.fit_distribution(data, censored=[0, 2, 0, 0])", "1 is at least, -1 is at most."),
    Example("An upper end below the lower one", "upper holds a number below that of data.",
            DATA + "ls.fit_distribution(data, upper=[2.0, 1.0, np.inf, np.nan])", "Put the lower ends into data."),
    Example("Truncation without two ends", "truncated is not (low, high), or its ends are in the wrong order.",
            DATA + "ls.fit_distribution(data, truncated=(5.0, 1.0))", "Pass (low, None) for no upper end."),
    Example("Numbers that could not have been seen", "Data lie outside of the ends of truncated.",
            DATA + "ls.fit_distribution(data, truncated=(1.5, None))", "Leave these rows out, or widen the ends."),
    Example("Censored rows without a distribution function", "Unseen data for a distribution that SciPy lacks.",
            'ls.fit_distribution([0.2, 0.5], "kumaraswamy", censored=[0, 1])', "Choose another distribution."),
    Example("A fixed parameter of another distribution", "fixed names no parameter, or holds an impossible number.",
            DATA + 'ls.fit_distribution(data, "normal", fixed={"shape": 1.0})', "Use a name that the error lists."),
    Example("A distribution that SciPy lacks", "fit.scipy is asked for one that scipy.stats does not have.",
            'ls.fit_distribution([0.2, 0.5, 0.7], "kumaraswamy").scipy', "Use log_density, or law where there is one."),
    Example("The interval of another level", "level or method of interval is not possible.",
            DATA + 'ls.fit_distribution(data).interval("mean", level=95)', "Write level=0.95."),
    Example("A parameter that a fit does not have", "interval or profile is given a name that is not a parameter.",
            DATA + 'ls.fit_distribution(data).interval("scale")', "fit.parameters lists the names."),
    Example("A plot of another kind", "fit.plot is given a kind that it does not draw.",
            DATA + 'ls.fit_distribution(data).plot("pie")', 'Pass "density", "qq" or "profile".'),
    Example("A link that a family does not have", "ls.fit_glm is given a link for another kind of parameter.",
            REGRESSION + 'ls.fit_glm(x, y, family="gamma", link="logit")', "Pass one of those that the error lists."),
    Example("A regression with rows missing", "x and y of ls.fit_glm have different lengths.",
            REGRESSION + 'ls.fit_glm(x, y[:3], family="gamma")', "Pass the same rows."),
    Example("A likelihood of data that are not finite", "The data of ls.fit_likelihood hold NaN, or are empty.",
            OWN + 'ls.fit_likelihood(mine, [1.0, np.nan], start={"rate": 1.0})', "Leave such rows out."),
    Example("A likelihood without a start", "A parameter has no start, or one at or below 0 that has to be above.",
            OWN + 'ls.fit_likelihood(mine, [1.0], start={"rate": -1.0}, positive=("rate",))', "Start above 0."),
    Example("A likelihood of all rows at once", "A function gives one number in place of one for each row.",
            "ls.fit_likelihood(lambda y, p: ops.sum(y * p[\"rate\"]), [1.0, 2.0], start={\"rate\": 1.0})",
            "Do not sum: give one number for each row."),
    Example("A percentage in place of a probability", "A quantile or interval of predicted distributions.",
            "head = ls.heads.Gamma()\nhead.predicted(np.zeros((3, 2))).interval(90)", "Write 0.9 for 90 %."),
    Example("Targets of other rows", "Predicted distributions are compared with targets of another shape.",
            "ls.heads.Gamma().predicted(np.zeros((3, 2))).pit(np.ones(4))", "Pass the targets of the same rows."),
    Example("A start where the data are impossible", "The log-likelihood at the start is not finite.",
            OWN + 'ls.fit_likelihood(mine, [1.0], start={"rate": -1.0})', "Start elsewhere, or name it in positive."),
]  # fmt: skip

MLE = [
    Example("A column that holds no numbers", "lossary mle is given a column of text, or one that is not there.",
            "$ lossary mle penguins --column species", "Name a column of numbers."),
    Example("A column that no distribution can give", "No distribution that was asked for can give the numbers.",
            "$ lossary mle penguins --column body_mass_g --distribution beta", "Leave --distribution out."),
]  # fmt: skip
