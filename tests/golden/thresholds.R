# Golden values of rules that choose a threshold, and of what thresholds do at a horizon.
# Run from this folder: Rscript thresholds.R (writes thresholds.json). Tests don't need R.
# timeROC is not used: its definitions of Se, Sp2, PPV and NPV2 (SeSpPPVNPV, weighting = "marginal", cause = 1) are
# written out, with the censoring distribution of prodlim(reverse = TRUE), as timeROC gets it through pec::ipcw.
suppressMessages({
  library(pROC)
  library(prodlim)
  library(jsonlite)
})

set.seed(3, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 250
marker <- round(rnorm(n), 1) # many ties
label <- rbinom(n, 1, plogis(-1 + marker))
day <- ceiling(rexp(n, 0.06 * exp(0.8 * marker)) * 4) / 4 # quarters: many ties
death <- ceiling(rexp(n, 0.05) * 4) / 4
end <- ceiling(runif(n, 1, 9) * 4) / 4 # heavy censoring, and censorings that tie with events
time <- pmin(day, death, end)
status <- ifelse(day <= pmin(death, end), 1, ifelse(death <= end, 2, 0))
horizon <- 5.1 # no time equals it: timeROC takes events before the horizon, not at it

curve <- roc(label, marker, levels = c(0, 1), direction = "<", quiet = TRUE)
all <- coords(curve, x = "all", transpose = FALSE, ret = c("threshold", "sensitivity", "specificity", "tp", "fp", "fn"))
all <- all[is.finite(all$threshold), ]
lowest_best <- function(threshold, score) min(threshold[score >= max(score) - 1e-12])
f_beta <- function(d, beta) (1 + beta^2) * d$tp / ((1 + beta^2) * d$tp + beta^2 * d$fn + d$fp)
chosen <- function(d) {
  total <- d$tp[1] + d$fn[1] + d$fp[1] + d$tn[1]
  list(
    "youden" = lowest_best(d$threshold, d$sensitivity + d$specificity - 1),
    "f1" = lowest_best(d$threshold, f_beta(d, 1)),
    "f0.5" = lowest_best(d$threshold, f_beta(d, 0.5)),
    "f2" = lowest_best(d$threshold, f_beta(d, 2)),
    "sensitivity=0.9" = max(d$threshold[d$sensitivity >= 0.9 - 1e-12]),
    "specificity=0.9" = min(d$threshold[d$specificity >= 0.9 - 1e-12]),
    "net_benefit=0.4" = lowest_best(d$threshold, (d$tp - d$fp * 0.4 / 0.6) / total)
  )
}
all$tn <- sum(1 - label) - all$fp

at_horizon <- function(status, threshold) {
  o <- order(time)
  t <- time[o]; s <- status[o]; positive <- marker[o] > threshold # no marker equals a threshold
  censoring <- prodlim(Hist(t, s) ~ 1, data = data.frame(t = t, s = as.numeric(s != 0)), reverse = TRUE)
  before <- predictSurvIndividual(censoring, lag = 1) # G(T-)
  there <- predict(censoring, times = horizon, level.chaos = 1, mode = "matrix", type = "surv")
  cases <- ifelse(t < horizon & s == 1, 1 / before, 0)
  controls <- ifelse(t > horizon, 1 / there, ifelse(t < horizon & s == 2, 1 / before, 0))
  tp <- sum(cases[positive]); fp <- sum(controls[positive])
  fn <- sum(cases[!positive]); tn <- sum(controls[!positive])
  data.frame(threshold = threshold, sensitivity = tp / (tp + fn), specificity = tn / (tn + fp),
             ppv = tp / (tp + fp), npv = tn / (tn + fn), tp = tp, fp = fp, fn = fn, tn = tn)
}
over_all <- function(status) {
  known <- sort(unique(marker[time > horizon | status != 0]))
  do.call(rbind, lapply((head(known, -1) + tail(known, -1)) / 2, at_horizon, status = status))
}
values <- function(status) as.list(at_horizon(status, 0.45)[c("sensitivity", "specificity", "ppv", "npv")])
censored <- ifelse(status == 2, 0, status)

write_json(list(
  origin = list(script = "tests/golden/thresholds.R"),
  versions = c(list(R = R.version.string),
               as.list(sapply(c("pROC", "prodlim"), function(p) as.character(packageVersion(p))))),
  data = list(marker = marker, label = label, time = time, status = status, horizon = horizon, threshold = 0.45),
  binary = list(chosen = chosen(all)),
  censored = list(chosen = chosen(over_all(censored)), values = values(censored)),
  competing = list(chosen = chosen(over_all(status)), values = values(status))
), "thresholds.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
