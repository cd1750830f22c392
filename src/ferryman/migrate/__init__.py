"""Carries an app's traffic from one side to another, and back by itself.

`planning` says beforehand what that takes; `machine` decides what happens next, as a function of
a document and of what was seen; `shifters` change a balancer's weight, `observers` count what both
sides answer, and `stores` keep the document. Beside them stands the proof that both sides answer
alike: `parity` and `verify` with requests of a file, `golden` and `replay` with recorded ones.

It knows sides by their addresses and by the names that a balancer has for them. It must not know
how a target works inside, nor prices: what a side costs and carries is told to it.
"""
