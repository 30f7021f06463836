//! What a dose distribution means: volumes, histograms, radiobiology, uncertainty.
