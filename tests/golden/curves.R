# Golden values of survival curves and their comparison. Run from this folder: Rscript curves.R (writes curves.json).
# Tests don't need R.
suppressMessages({
  library(survival)
  library(cmprsk)
  library(prodlim)
  library(jsonlite)
})

set.seed(1, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 150
patient <- sample(90, n, replace = TRUE) # clusters of one to several films
frailty <- rgamma(90, 2, 2)[patient]
group <- sample(c("a", "b", "c"), n, replace = TRUE, prob = c(0.5, 0.3, 0.2))
site <- sample(1:3, n, replace = TRUE)
fracture <- rexp(n, 0.12 * frailty * c(a = 1, b = 2, c = 0.7)[group])
death <- rexp(n, 0.08)
end <- pmin(runif(n, 0, 9), 6)
time <- round(pmin(fracture, death, end) + 0.05, 1) # tenths of a year: many ties
status <- ifelse(end < pmin(fracture, death), 0, ifelse(fracture < death, 1, 2))
event <- as.integer(status == 1)
entry <- round(runif(n, 0, 0.9) * time * sample(0:1, n, replace = TRUE), 2)
weight <- sample(1:3, n, replace = TRUE)
share <- round(runif(n, 0.3, 2.5), 2)
data <- data.frame(time, status, event, entry, weight, share, patient, group, site)
when <- c(0.05, 0.5, 1, 2.35, 4, 5.5, max(time))
horizon <- 4.3

fitted <- function(y, type, more) do.call(survfit, c(list(y, data = data, conf.type = type, conf.int = 0.95), more))
curve <- function(y, ...) {
  fit <- fitted(y, "log-log", list(...))
  at <- summary(fit, times = when, extend = FALSE)
  mean <- summary(fit, rmean = horizon)$table
  quantiles <- quantile(fit, probs = c(0.1, 0.25, 0.5, 0.75), conf.int = TRUE)
  full <- summary(fit, censored = TRUE)
  list(
    time = fit$time, at_risk = fit$n.risk, events = fit$n.event, censored = fit$n.censor, survival = fit$surv,
    standard_error = full$std.err,
    limits = sapply(c("log-log", "log", "plain", "logit"), function(type) {
      unclass(fitted(y, type, list(...)))[c("lower", "upper")]
    }, simplify = FALSE),
    at = list(survival = at$surv, lower = at$lower, upper = at$upper, at_risk = at$n.risk),
    quantiles = lapply(quantiles, as.vector),
    restricted_mean = mean[["rmean"]], restricted_mean_error = mean[["se(rmean)"]]
  )
}
kaplan_meier <- list(
  plain = curve(Surv(time, event) ~ 1),
  weights = curve(Surv(time, event) ~ 1, weights = weight),
  entry = curve(Surv(entry, time, event) ~ 1),
  shares = curve(Surv(time, event) ~ 1, weights = share),
  cluster = curve(Surv(time, event) ~ 1, cluster = patient),
  cluster_entry = curve(Surv(entry, time, event) ~ 1, cluster = patient),
  uncensored = curve(Surv(time, rep(1, n)) ~ 1) # down to 0
)
clustered <- survfit(Surv(time, event) ~ 1, data = data, cluster = patient, conf.type = "log-log", influence = TRUE)
widths <- diff(c(clustered$time[clustered$time < horizon], horizon))
steps <- clustered$influence.surv[, clustered$time < horizon]
# summary() gives the mean Greenwood's error even with clusters: integrate the influence of each patient instead.
kaplan_meier$cluster$restricted_mean_error <- sqrt(sum((steps %*% widths)^2))

states <- factor(status, 0:2)
# survfit() 3.5 of several states takes no notice of `cluster`: its influences are summed by patient here.
competing <- function(unit = seq_len(n), weights = rep(1, n)) {
  fit <- fitted(Surv(time, states) ~ 1, "log-log", list(weights = weights, influence = TRUE))
  moved <- fit$influence.pstate[, -1, 2:3] * weights # its first column is that of time 0
  widths <- pmax(diff(c(pmin(fit$time, horizon), horizon)), 0)
  lost <- apply(moved, 3, function(x) x %*% widths)
  alone <- apply(moved, 2:3, function(x) sqrt(sum(x^2)))
  stopifnot(all.equal(alone, fit$std.err[, 2:3], check.attributes = FALSE))
  list(
    time = fit$time, incidence = fit$pstate[, 2:3],
    standard_error = apply(moved, 2:3, function(x) sqrt(sum(rowsum(x, unit)^2))),
    lower = if (!anyDuplicated(unit)) fit$lower[, 2:3], upper = if (!anyDuplicated(unit)) fit$upper[, 2:3],
    time_lost = unname(summary(fit, rmean = horizon)$table[2:3, "rmean"]),
    time_lost_error = sqrt(colSums(rowsum(lost, unit)^2))
  )
}
aalen_johansen <- list(
  plain = competing(), shares = competing(weights = share), cluster = competing(unit = patient)
)
inner <- when[-length(when)]
gray <- timepoints(cuminc(time, status, cencode = 0), times = inner)

reverse <- prodlim(Hist(time, event) ~ 1, data = data, reverse = TRUE)
# Events before censorings at ties, with survfit: shift the censorings by less than any gap.
later <- survfit(Surv(time + 1e-9 * (event == 0), event == 0) ~ 1, conf.type = "log-log", timefix = FALSE)
median_later <- quantile(later, probs = 0.5, conf.int = TRUE)

test <- function(fit) list(chi2 = fit$chisq, df = length(fit$n) - 1, p = fit$pvalue,
                           observed = rowSums(as.matrix(fit$obs)), expected = rowSums(as.matrix(fit$exp)))
gray_test <- function(rho, ...) {
  out <- cuminc(time, status, group, rho = rho, cencode = 0, ...)$Tests
  list(chi2 = unname(out[, "stat"]), df = unname(out[, "df"]), p = unname(out[, "pv"]))
}
means <- summary(survfit(Surv(time, event) ~ group, data = data), rmean = horizon)$table[1:2, c("rmean", "se(rmean)")]

write_json(list(
  origin = list(
    script = "tests/golden/curves.R", R = R.version.string,
    packages = as.list(sapply(c("survival", "cmprsk", "prodlim"), function(p) as.character(packageVersion(p))))
  ),
  data = as.list(data), when = when, horizon = horizon,
  kaplan_meier = kaplan_meier, aalen_johansen = aalen_johansen,
  cuminc = list(times = inner, incidence = list(unname(gray$est[1, ]), unname(gray$est[2, ]))),
  reverse = list(
    time = reverse$time, survival = reverse$surv, standard_error = reverse$se.surv,
    median = as.vector(unlist(median_later))
  ),
  logrank = list(
    plain = test(survdiff(Surv(time, event) ~ group, rho = 0)),
    strata = test(survdiff(Surv(time, event) ~ group + strata(site), rho = 0)),
    rho = test(survdiff(Surv(time, event) ~ group, rho = 1))
  ),
  gray = list(
    plain = gray_test(0), rho = gray_test(1), strata = gray_test(0, strata = site), both = gray_test(0.5, strata = site)
  ),
  means = list(estimate = means[, "rmean"], standard_error = means[, "se(rmean)"])
), "curves.json", digits = NA, auto_unbox = TRUE, na = "null", pretty = FALSE)
