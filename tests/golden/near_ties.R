# Golden values for times that differ by rounding. Run from this folder: Rscript near_ties.R (writes near_ties.json).
# Tests don't need R.
suppressMessages({
  library(survival)
  library(jsonlite)
})

set.seed(7, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 120
born <- sample(seq(50, 80, 0.1), n, replace = TRUE)
x <- round(rnorm(n), 2)
event_time <- ceiling(4 * rexp(n, 0.4 * exp(0.6 * x))) / 4 + 0.1
censoring <- sample(seq(0.6, 3.1, 0.5), n, replace = TRUE)
exact <- pmin(event_time, censoring)
event <- as.integer(event_time <= censoring)
near <- (born + exact) - born # an age at exit less an age at entry
entry <- (born + pmin(exact - 0.35, sample(c(0, 0.35, 0.6, 1.1), n, replace = TRUE))) - born
far <- c(1000, 1000 + 1e-5, 1000 + 3e-5, 1, 1 + 1e-9, 1 + 2e-5) # 1e-5 is near beside a mean of 501, 2e-5 is not
chain <- 2 + 1e-8 * 0:5 # each near its neighbour
control <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)

resolved <- function(time) unname(aeqSurv(Surv(time, rep(1, length(time))))[, 1])
both <- unclass(aeqSurv(Surv(entry, near, event)))
cox <- function(ties) unname(coef(coxph(Surv(near, event) ~ x, ties = ties, control = control)))
zph <- cox.zph(coxph(Surv(near, event) ~ x, control = control), transform = "km", terms = FALSE, global = TRUE)
curve <- survfit(Surv(near, event) ~ 1, conf.type = "log-log")

write_json(list(
  origin = list(script = "tests/golden/near_ties.R"),
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  data = list(x = x, near = near, entry = entry, event = event, far = far, chain = chain),
  resolved = list(near = resolved(near), far = resolved(far), chain = resolved(chain)),
  with_entry = list(entry = unname(both[, 1]), time = unname(both[, 2])),
  cox = list(efron = cox("efron"), breslow = cox("breslow")),
  cox_with_entry = unname(coef(coxph(Surv(entry, near, event) ~ x, control = control))),
  c_index = unname(concordance(Surv(near, event) ~ x, reverse = TRUE)$concordance),
  uno = unname(concordance(Surv(near, event) ~ x, reverse = TRUE, timewt = "n/G2")$concordance),
  kaplan_meier = list(time = curve$time, survival = curve$surv, standard_error = summary(curve)$std.err),
  proportional = unname(zph$table[1, ]),
  logrank = survdiff(Surv(near, event) ~ (x > 0))$chisq
), "near_ties.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
