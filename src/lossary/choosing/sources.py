"""Where it is shown which loss fits which target."""

CAMERON = "Cameron and Trivedi (1986), Econometric models based on count data, Journal of Applied Econometrics 1:29-53"
CAO = (
    "Cao, Mirjalili and Raschka (2020), Rank consistent ordinal regression for neural networks with application to "
    "age estimation, arXiv:1901.07884"
)
COX = "Cox (1972), Regression models and life-tables, doi:10.1111/j.2517-6161.1972.tb00899.x"
ELKAN = (
    "Elkan (2001), The foundations of cost-sensitive learning, International Joint Conference on Artificial "
    "Intelligence"
)
FERRARI = (
    "Ferrari and Cribari-Neto (2004), Beta regression for modelling rates and proportions, Journal of Applied "
    "Statistics 31:799-815"
)
GOURIEROUX = (
    "Gourieroux, Monfort and Trognon (1984), Pseudo maximum likelihood methods: applications to Poisson models, "
    "doi:10.2307/1913472"
)
HUBER = "Huber (1964), Robust estimation of a location parameter, doi:10.1214/aoms/1177703732"
JORGENSEN = "Jørgensen (1987), Exponential dispersion models, Journal of the Royal Statistical Society B 49(2):127-162"
KALBFLEISCH = (
    "Kalbfleisch and Prentice (2002), The statistical analysis of failure time data, doi:10.1002/9781118032985"
)
LANGE = (
    "Lange, Little and Taylor (1989), Robust statistical modeling using the t distribution, "
    "doi:10.1080/01621459.1989.10478852"
)
LECUN = "LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, doi:10.1007/3-540-49430-8_2"
LIN = "Lin, Goyal, Girshick, He and Dollár (2017), Focal loss for dense object detection, arXiv:1708.02002"
MARDIA = "Mardia and Jupp (2000), Directional statistics, Wiley, doi:10.1002/9780470316979"
MCCULLAGH = "McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society B"
MENON = (
    "Menon, Jayasumana, Rawat, Jain, Veit and Kumar (2020), Long-tail learning via logit adjustment, arXiv:2007.07314"
)
NELDER = "McCullagh and Nelder (1989), Generalized linear models, doi:10.1007/978-1-4899-3242-6"
NIX = (
    "Nix and Weigend (1994), Estimating the mean and variance of the target probability distribution, "
    "doi:10.1109/ICNN.1994.374138"
)
PAPKE = (
    "Papke and Wooldridge (1996), Econometric methods for fractional response variables, Journal of Applied "
    "Econometrics 11:619-632"
)
RAFTERY = (
    "Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, "
    "doi:10.1198/016214506000001437"
)
RIDNIK = (
    "Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter and Zelnik-Manor (2021), Asymmetric loss for multi-label "
    "classification, arXiv:2009.14119"
)
SANTOS = "Santos Silva and Tenreyro (2006), The log of gravity, doi:10.1162/rest.88.4.641"
SU = "Su, Zhu, Murtadha, Pan, Wen and Liu (2022), ZLPR: a novel loss for multi-label classification, arXiv:2208.02955"
TOBIN = "Tobin (1958), Estimation of relationships for limited dependent variables, Econometrica 26:24-36"
WANG = "Wang, Liu and Miao (2019), A deep probabilistic model for customer lifetime value prediction, arXiv:1912.07753"
WEN = "Wen, Torkkola, Narayanaswamy and Madeka (2017), A multi-horizon quantile recurrent forecaster, arXiv:1711.11053"
WIJMANS = (
    "Wijmans, Huval, Hertzberg, Koltun and Krähenbühl (2024), Cut your losses in large-vocabulary language models, "
    "arXiv:2411.09009"
)
POINTS = "Gneiting (2011), Making and evaluating point forecasts, doi:10.1198/jasa.2011.r10138"
KOENKER = "Koenker and Bassett (1978), Regression quantiles, doi:10.2307/1913643"
LAMBERT = (
    "Lambert (1992), Zero-inflated Poisson regression, with an application to defects in manufacturing, "
    "Technometrics 34:1-14"
)
