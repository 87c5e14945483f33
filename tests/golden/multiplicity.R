# Golden values of adjusted p-values. Run from this folder: Rscript multiplicity.R (writes multiplicity.json). Tests don't
# need R.
suppressMessages(library(jsonlite))

families <- list(
  ties_and_extremes = c(0.01, 0.04, 0.04, 0.2, 0, 1, 0.03, 0.6),
  missing = c(NA, 0.013, 0.4, NA, 0.011, 0.049, 0.002),
  one = 0.03,
  all_missing = c(NA_real_, NA_real_),
  none = numeric(0)
)
write_json(list(
  origin = list(script = "tests/golden/multiplicity.R"),
  versions = list(R = R.version.string),
  families = lapply(families, function(p) {
    list(p = I(p), holm = I(p.adjust(p, method = "holm")), bonferroni = I(p.adjust(p, method = "bonferroni")))
  })
), "multiplicity.json", digits = NA, na = "null", auto_unbox = TRUE, pretty = FALSE)
