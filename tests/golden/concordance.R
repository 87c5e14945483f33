# Golden values of C, AUC at a horizon and their variances. Run from this folder: Rscript concordance.R (writes
# concordance.json). Tests don't need R.
suppressMessages({
  library(survival)
  library(pROC)
  library(prodlim)
  library(riskRegression)
  library(jsonlite)
})

set.seed(7, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 240
patient <- rep(seq_len(n / 2), 2)[sample(n)]
patient[patient > 90] <- seq(91, length.out = sum(patient > 90)) # 90 patients with two films, the others with one
frailty <- rnorm(max(patient))[patient]
true <- rnorm(n) + 0.7 * frailty
hip <- rexp(n, 0.06 * exp(0.8 * true))
death <- rexp(n, 0.05 * exp(0.4 * true))
end <- runif(n, 0.1, 8)
time <- pmax(1, ceiling(4 * pmin(hip, death, end))) / 4 # quarters of a year: events, deaths and censorings tie
status <- ifelse(pmin(hip, death) > end, 0, ifelse(hip < death, 1, 2))
a <- round(plogis(true - 1 + 0.5 * rnorm(n)), 1) # one decimal: many ties in risk
b <- round(plogis(0.6 * true - 1 + rnorm(n)), 3)
event <- as.numeric(status == 1)
either <- as.numeric(status > 0) # a second outcome, without competing events

concordances <- function(risk, outcome, ...) {
  fit <- concordance(Surv(time, outcome) ~ risk, reverse = TRUE, influence = 1, timefix = FALSE, ...)
  clustered <- concordance(Surv(time, outcome) ~ risk, reverse = TRUE, cluster = patient, timefix = FALSE, ...)
  list(estimate = unname(fit$concordance), var = fit$var, clustered = clustered$var, dfbeta = unname(fit$dfbeta))
}
each <- function(outcome) {
  list(
    harrell = concordances(a, outcome, timewt = "n"),
    uno_3 = concordances(a, outcome, timewt = "n/G2", ymax = 3),
    uno_6.25 = concordances(a, outcome, timewt = "n/G2", ymax = 6.25),
    uno_50 = concordances(a, outcome, timewt = "n/G2", ymax = 50)
  )
}

paired <- function(...) {
  one <- coxph(Surv(time, event) ~ a, ties = "efron")
  other <- coxph(Surv(time, event) ~ b, ties = "efron")
  stopifnot(coef(one) > 0, coef(other) > 0) # so that the linear predictors rank as a and b do
  both <- concordance(one, other, ...)
  contrast <- c(1, -1)
  list(difference = sum(contrast * coef(both)), var = c(contrast %*% vcov(both) %*% contrast))
}

auc_t <- function(outcome, risk) {
  scored <- Score(list(model = risk), formula = Hist(time, outcome) ~ 1, data = data.frame(time, outcome), cause = 1,
                  times = c(2, 4.25, 6), metrics = "auc", cens.model = "km", se.fit = FALSE, contrasts = FALSE)
  scored$AUC$score$AUC
}

ended <- event[!duplicated(patient)] # a binary outcome
first <- !duplicated(patient)
curve_a <- roc(event[first], a[first], levels = c(0, 1), direction = "<", quiet = TRUE)
curve_b <- roc(event[first], b[first], levels = c(0, 1), direction = "<", quiet = TRUE)
delong <- roc.test(curve_a, curve_b, method = "delong", paired = TRUE)

seven <- data.frame(
  time = c(11, 11, 26, 89, 128, 299, 300), event = c(1, 0, 0, 1, 0, 1, 0),
  risk = c(-0.02, 1.20, -0.56, -1.33, -0.81, 1.02, -1.29)
)
uno <- function(until) {
  fit <- concordance(Surv(time, event) ~ risk, seven, reverse = TRUE, timewt = "n/G2", ymax = until, timefix = FALSE)
  unname(fit$concordance)
}

write_json(list(
  origin = list(script = "tests/golden/concordance.R", seven_films = "https://github.com/sebp/scikit-survival/issues/428"),
  versions = c(
    list(R = R.version.string),
    sapply(c("survival", "pROC", "prodlim", "riskRegression"), function(p) as.character(packageVersion(p)), simplify = FALSE)
  ),
  data = list(time = time, status = status, patient = patient, a = a, b = b, first = first),
  competing_censored = each(event),
  either = each(either),
  paired = list(harrell = paired(timewt = "n"), uno_3 = paired(timewt = "n/G2", ymax = 3)),
  auc_t = list(horizons = c(2, 4.25, 6), competing = auc_t(status, a), either = auc_t(either, a), b = auc_t(status, b)),
  delong = list(
    estimate = as.numeric(auc(curve_a)), var = var(curve_a, method = "delong"), ci = as.numeric(ci.auc(curve_a, method = "delong")),
    difference = unname(diff(rev(delong$estimate))), statistic = unname(delong$statistic)
  ),
  seven = c(as.list(seven), list(until_299 = uno(299), until_128 = uno(128)))
), "concordance.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
