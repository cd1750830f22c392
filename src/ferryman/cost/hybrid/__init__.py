"""Servers with a function behind them: the overflow, the number of servers, the bill, the saving.

`overflow` has the queueing model, `cheapest_number` finds the cheapest number of servers at each
volume, `overflowing` is the platform with its bills and curve, and `saving` finds the volumes at
which it pays. `standing_week` is for a migration that keeps both sides: it computes the servers'
share of each hour.
"""
