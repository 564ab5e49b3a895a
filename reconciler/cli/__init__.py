"""The command line: parses words, calls the runtime, prints. Imports late, for the sake of start-up time."""
