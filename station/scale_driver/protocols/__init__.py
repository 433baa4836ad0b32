"""station.scale_driver.protocols."""
