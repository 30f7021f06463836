"""What a dose distribution means: histograms, radiobiology, uncertainty."""
