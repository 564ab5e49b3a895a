"""What somebody changed outside, taken over into the specs: what is to be written, and proved to say just that.

Pure: specs, records, what was observed and the files' texts are handed in. Writes nothing itself.
"""
