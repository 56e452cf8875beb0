"""The running product as a whole: real web server, workers, beat, database and broker."""
