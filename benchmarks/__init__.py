"""What is promised about speed, measured beside what a user would pick instead.

Not part of the wheel. A benchmark prints ratios taken in one run; it never asserts a time, and it
asserts that every engine gives the same answers.
"""
