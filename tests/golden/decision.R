# Golden values of net benefit, NRI and IDI. Run from this folder: Rscript decision.R (writes decision.json).
# Tests don't need R. `ipcw` weights the known by the inverse of their probability of being seen, with the censoring
# distribution of prodlim(reverse = TRUE); `incidence` is what dcurves and stdca do: the share of films that are
# positive, times the Kaplan-Meier or Aalen-Johansen incidence among them (`survfit`).
suppressMessages({
  library(Hmisc)
  library(prodlim)
  library(survival)
  library(jsonlite)
})

set.seed(4, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 400
x <- rnorm(n)
risk <- round(plogis(-1 + x), 2) # two decimals: ties, and risks at the thresholds
old <- round(plogis(-1 + 0.5 * x + 0.5 * rnorm(n)), 2)
label <- rbinom(n, 1, plogis(-1 + x))
day <- ceiling(rexp(n, 0.08 * exp(0.8 * x)) * 4) / 4 # quarters: many ties
death <- ceiling(rexp(n, 0.05) * 4) / 4
end <- ceiling(runif(n, 1, 9) * 4) / 4 # heavy censoring, and censorings that tie with events
time <- pmin(day, death, end)
status <- ifelse(day <= pmin(death, end), 1, ifelse(death <= end, 2, 0))
horizon <- 5
p <- c(0.05, 0.1, 0.2, 0.3, 0.5)

benefit <- function(tp, fp, total) (tp - fp * p / (1 - p)) / total
plain <- function(y) benefit(sapply(p, function(c) sum(y[risk >= c])), sapply(p, function(c) sum(1 - y[risk >= c])), n)

weights <- function(status) {
  censoring <- prodlim(Hist(t, s) ~ 1, data = data.frame(t = time, s = as.numeric(status != 0)), reverse = TRUE)
  jumps <- sort(unique(time))
  g <- predict(censoring, times = jumps, level.chaos = 1, mode = "matrix", type = "surv")
  before <- c(1, g)[match(time, jumps)]
  there <- c(1, g)[sum(jumps <= horizon) + 1]
  ifelse(time > horizon, 1 / there, ifelse(status != 0, 1 / before, 0))
}
ipcw <- function(status) {
  w <- weights(status)
  y <- as.numeric(time <= horizon & status == 1)
  side <- function(outcome) sapply(p, function(c) sum((w * (y == outcome))[risk >= c]))
  list(model = benefit(side(1), side(0), n), all = benefit(rep(sum(w * y), 5), rep(sum(w * (1 - y)), 5), n))
}
incidence <- function(status, of) {
  fit <- if (any(status == 2)) {
    survfit(Surv(time[of], factor(status[of], 0:2)) ~ 1)
  } else {
    survfit(Surv(time[of], status[of]) ~ 1, type = "kaplan-meier", conf.type = "none")
  }
  there <- summary(fit, times = horizon, extend = TRUE)
  if (any(status == 2)) there$pstate[, which(there$states == "1")] else 1 - there$surv
}
by_incidence <- function(status) {
  one <- function(of) { i <- incidence(status, of); c(i, 1 - i) * mean(of) }
  sides <- sapply(p, function(c) one(risk >= c))
  all <- one(rep(TRUE, n))
  list(model = benefit(sides[1, ], sides[2, ], 1), all = benefit(rep(all[1], 5), rep(all[2], 5), 1))
}
censored <- ifelse(status == 2, 0, status)

free <- improveProb(old, risk, label)
two <- improveProb(as.numeric(old >= 0.3), as.numeric(risk >= 0.3), label)
w <- weights(status)
y <- as.numeric(time <= horizon & status == 1)
change <- function(d) list(with = sum(w * y * d) / sum(w * y), without = -sum(w * (1 - y) * d) / sum(w * (1 - y)))

write_json(list(
  origin = list(script = "tests/golden/decision.R"),
  versions = c(list(R = R.version.string),
               as.list(sapply(c("Hmisc", "prodlim", "survival"), function(p) as.character(packageVersion(p))))),
  data = list(risk = risk, old = old, label = label, time = time, status = status, horizon = horizon, thresholds = p),
  binary = list(model = plain(label), all = benefit(rep(sum(label), 5), rep(sum(1 - label), 5), n)),
  censored = list(ipcw = ipcw(censored), incidence = by_incidence(censored)),
  competing = list(ipcw = ipcw(status), incidence = by_incidence(status)),
  reclassification = list(
    nri = list(total = free$nri, with = free$nri.ev, without = free$nri.ne),
    nri_at = list(threshold = 0.3, total = two$nri, with = two$nri.ev, without = two$nri.ne),
    idi = list(total = free$idi, with = free$improveSens, without = free$improveSpec),
    at_horizon = list(nri = change(sign(risk - old)), idi = change(risk - old))
  )
), "decision.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
