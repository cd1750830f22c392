"""Servers with a function behind them: the overflow, the number of servers, the bill, the saving.

`overflow` has the queueing model, `cheapest_number` the cheapest number of servers at each volume,
`overflowing` the platform with its bills and curve, and `saving` the volumes at which it pays.
`standing_week` is for a migration that keeps both sides: the servers' share in each hour.
"""
