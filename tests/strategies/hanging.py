"""A module that never ends to be imported."""

from tests.strategies.faulty import tell

tell("importing")
while True:
    pass
