"""The audit (审计): reads all that the centre keeps again, from its bytes, and says what is wrong.

Pure. Nothing here believes a digest that is stored: every one is computed from the body, the
signature and the time of receipt, and a column that says otherwise is a discrepancy of its own.
"""
