# Golden values of prediction error. Run from this folder: Rscript error.R (writes error.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(prodlim)
  library(riskRegression)
  library(jsonlite)
})

set.seed(5, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 300
horizons <- c(1, 2, 3.5, 5)
x <- rnorm(n)
when <- cbind(rexp(n, 0.08 * exp(x)), rexp(n, 0.06 * exp(0.5 * x)), runif(n, 0.5, 9))
predicted <- sapply(horizons, function(h) round(1 - exp(-0.1 * h * exp(0.8 * x)), 3))
data <- list( # times in quarters of a year: events, deaths and censorings tie, also at the horizons
  single = data.frame(time = ceiling(4 * pmin(when[, 1], when[, 3])) / 4, status = as.integer(when[, 1] <= when[, 3])),
  competing = data.frame(time = ceiling(4 * apply(when, 1, min)) / 4, status = c(1L, 2L, 0L)[apply(when, 1, which.min)])
)

score <- function(formula, d) {
  found <- Score(list(model = predicted), formula = formula, data = d, times = horizons, cause = 1, metrics = "brier",
                 summary = c("ipa", "ibs"), cens.model = "km", cens.method = "ipcw", se.fit = FALSE, null.model = TRUE)
  rows <- as.data.frame(found$Brier$score)
  rows <- rows[rows$model == "model", ]
  list(brier = rows$Brier, ipa = rows$IPA, ibs_steps = rows$IBS)
}

write_json(list(
  origin = list(
    script = "tests/golden/error.R", R = R.version.string,
    packages = as.list(sapply(c("riskRegression", "prodlim"), function(p) as.character(packageVersion(p))))
  ),
  data = list(horizons = horizons, predicted = lapply(seq_along(horizons), function(k) predicted[, k]),
              single = as.list(data$single), competing = as.list(data$competing)),
  single = score(Surv(time, status) ~ 1, data$single),
  competing = score(Hist(time, status) ~ 1, data$competing)
), "error.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
