# Golden values of the AUC at a horizon by the probability of a Cox model of each cause, and by its linear predictor.
# Run from this folder: Rscript auc_probability.R (writes auc_probability.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(prodlim)
  library(riskRegression)
  library(jsonlite)
})

set.seed(11, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 300
data <- data.frame(age = round(runif(n, 50, 95), 1), bmd = round(rnorm(n), 2))
# Age raises both hazards, and that of death far more: who is old has a high hazard of fracture and a low probability.
fracture <- rexp(n, 0.04 * exp(0.03 * (data$age - 70) - 0.5 * data$bmd))
death <- rexp(n, 0.06 * exp(0.14 * (data$age - 70)))
end <- runif(n, 2, 12)
data$time <- pmax(1, ceiling(4 * pmin(fracture, death, end))) / 4 # quarters of a year: events, deaths and censorings tie
data$status <- ifelse(pmin(fracture, death) > end, 0, ifelse(fracture < death, 1, 2))
horizons <- c(1.5, 3, 5)

control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)
model <- CSC(Hist(time, status) ~ age + bmd, data = data, cause = 1, surv.type = "hazard", fitter = "coxph",
             ties = "efron", control = control)
linear <- unname(predict(model$models[["Cause 1"]], type = "lp"))

scored <- function(object, ...) {
  found <- Score(list(model = object), formula = Hist(time, status) ~ 1, data = data, cause = 1, times = horizons,
                 metrics = "auc", cens.model = "km", se.fit = FALSE, contrasts = FALSE, ...)
  found$AUC$score$AUC
}

write_json(list(
  origin = list(script = "tests/golden/auc_probability.R"),
  versions = c(
    list(R = R.version.string),
    sapply(c("survival", "prodlim", "riskRegression"), function(p) as.character(packageVersion(p)), simplify = FALSE)
  ),
  data = as.list(data), horizons = horizons,
  by_probability = scored(model, predictRisk.args = list(CauseSpecificCox = list(product.limit = FALSE))),
  by_risk = scored(linear)
), "auc_probability.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
