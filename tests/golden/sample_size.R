# Golden values of sample sizes, from the formulae as printed in Riley et al. 2019 (Stat Med 38:1276) and 2020 (BMJ
# 368:m441), without the rounding that pmsampsize does on the way. Run from this folder: Rscript sample_size.R (writes
# sample_size.json). Tests don't need R. The survival package is not used.
suppressMessages(library(jsonlite))

criteria <- function(p, r2, max_r2, s, n3, phi) {
  n1 <- p / ((s - 1) * log(1 - r2 / s))
  s2 <- r2 / (r2 + 0.05 * max_r2)
  n2 <- p / ((s2 - 1) * log(1 - r2 / s2))
  n <- max(ceiling(c(n1, n2, n3)))
  list(by_shrinkage = ceiling(n1), by_optimism = ceiling(n2), by_overall_risk = ceiling(n3), n = n,
       n_events = ceiling(n * phi))
}

survival <- function(p, r2, rate, followup, horizon, s = 0.9) {
  E <- rate * followup * 1e6 # any number of patients: it cancels
  n <- 1e6
  max_r2 <- 1 - exp(2 * (E * log(E / n) - E) / n)
  # Both limits of the risk as functions of the patients; the smallest number at which both are within 0.05.
  off <- function(m) {
    limits <- rate + c(-1, 1) * qnorm(0.975) * sqrt(rate / (m * followup))
    max(abs(exp(-rate * horizon) - exp(-limits * horizon))) - 0.05
  }
  n3 <- uniroot(off, c(1e-3, 1e7), tol = 1e-9)$root
  c(list(n_columns = p, r2 = r2, rate = rate, mean_followup = followup, horizon = horizon, shrinkage = s,
         max_r2 = max_r2), minimum = list(criteria(p, r2, max_r2, s, n3, rate * followup)))
}

binary <- function(p, r2, phi, s = 0.9) {
  max_r2 <- 1 - exp(2 * (phi * log(phi) + (1 - phi) * log(1 - phi)))
  n3 <- (qnorm(0.975) / 0.05)^2 * phi * (1 - phi)
  c(list(n_columns = p, r2 = r2, prevalence = phi, shrinkage = s, max_r2 = max_r2),
    minimum = list(criteria(p, r2, max_r2, s, n3, phi)))
}

# O'Quigley's R2 from Royston's as printed in Riley 2019, and the likelihood-ratio statistic of E events.
from_c <- function(c_index, n, E) {
  D <- 5.50 * (c_index - 0.5) + 10.26 * (c_index - 0.5)^3
  r2d <- ((pi / 8) * D^2) / ((pi^2 / 6) + (pi / 8) * D^2)
  r2oq <- (-(pi^2 / 6) * r2d) / ((1 - (pi^2 / 6)) * r2d - 1)
  list(c_index = c_index, n = n, n_events = E, r2 = 1 - exp(E * log(1 - r2oq) / n))
}

# A logistic model whose linear predictor is normal among cases and among controls, by adaptive quadrature.
from_auc <- function(auc, phi) {
  m <- sqrt(2) * qnorm(auc)
  lp <- function(x) qlogis(phi) + m * x - m^2 / 2
  l1 <- integrate(function(x) dnorm(x, m) * plogis(lp(x), log.p = TRUE), -Inf, Inf, rel.tol = 1e-12)$value
  l0 <- integrate(function(x) dnorm(x) * plogis(-lp(x), log.p = TRUE), -Inf, Inf, rel.tol = 1e-12)$value
  null <- phi * log(phi) + (1 - phi) * log(1 - phi)
  list(auc = auc, prevalence = phi, r2 = 1 - exp(-2 * (phi * l1 + (1 - phi) * l0 - null)))
}

write_json(list(
  origin = list(script = "tests/golden/sample_size.R"),
  versions = list(R = R.version.string),
  survival = list(
    survival(30, 0.051, 0.065, 2.07, 2), survival(25, 0.051, 0.065, 2.07, 2), survival(80, 0.3, 0.03, 5, 1),
    survival(14, 0.004, 0.0022, 5, 5), survival(1, 0.05, 0.2, 3, 3, s = 0.5)
  ),
  binary = list(binary(24, 0.288, 0.174), binary(24, 0.55, 0.174), binary(1, 0.1, 0.5, s = 0.2), binary(36, 0.05, 0.02)),
  c_index = list(from_c(0.6, 986, 30), from_c(0.75, 1000, 200), from_c(0.9, 500, 450)),
  auc = list(from_auc(0.6, 0.5), from_auc(0.89, 0.174), from_auc(0.81, 0.77), from_auc(0.98, 0.01))
), "sample_size.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
