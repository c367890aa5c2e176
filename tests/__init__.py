"""The tests of Mission Control: what each part promises, asked of the real parts."""
