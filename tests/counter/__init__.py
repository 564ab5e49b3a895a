"""The counter-spec of a run: what it says, what it writes, and that the next apply takes the run back."""
