# peer_bootstrap.R - the paired bootstrap of bootstrap.c, as R users write it.
# SPDX-License-Identifier: MIT
#
#     peer_bootstrap.R boot|pROC ROWS RESAMPLES REPETITIONS
#     peer_bootstrap.R about
#
# Exit status 77: a package is missing. The rows are R's own, of the same kind.
args <- commandArgs(trailingOnly = TRUE)
there <- suppressMessages(requireNamespace("boot", quietly = TRUE) &&
                          requireNamespace("pROC", quietly = TRUE))
if (!there) quit(status = 77)
if (args[1] == "about") {
  cat(sprintf("library boot %s, pROC %s\n", packageVersion("boot"), packageVersion("pROC")))
  cat(sprintf("compiler %s\n", R.version.string))
  quit()
}

n <- as.integer(args[2])
resamples <- as.integer(args[3])
set.seed(7)
y <- rbinom(n, 1, 0.5)
rows <- data.frame(y = y, a = runif(n) + 0.25 * y, b = runif(n) + 0.375 * y)

area <- function(y, s) {
  p <- as.numeric(sum(y)) # integers overflow from 65 000 rows on
  (sum(rank(s)[y == 1]) - p * (p + 1) / 2) / (p * (length(y) - p))
}
difference <- function(d, i) area(d$y[i], d$b[i]) - area(d$y[i], d$a[i])

by_boot <- function() {
  found <- boot::boot(rows, difference, R = resamples)
  quantile(found$t, c(0.025, 0.975))
}
by_proc <- function() {
  roc <- function(s) pROC::roc(rows$y, s, direction = "<", quiet = TRUE)
  pROC::roc.test(roc(rows$b), roc(rows$a), method = "bootstrap", boot.n = resamples,
                 paired = TRUE, boot.stratified = FALSE, progress = "none")
  c(NA, NA)
}

run <- if (args[1] == "boot") by_boot else by_proc
times <- numeric(0)
for (k in seq_len(as.integer(args[4]))) {
  began <- proc.time()[["elapsed"]]
  bounds <- run()
  times <- c(times, (proc.time()[["elapsed"]] - began) * 1e9)
}
cat(sprintf("bootstrap.min %.0f ns\n", min(times)))
cat(sprintf("bootstrap.median %.0f ns\n", median(times)))
