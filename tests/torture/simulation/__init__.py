"""Station, line, centre and witness in one thread, without real time: the same seed, the same run.

The programs are the real ones. Simulated are the clock, the line, the database under the centre
(:mod:`.archive`) and the disk under the station, which is the real SQLite in memory.
"""
