"""Servers with a function behind them: what is sent on, how many servers, the bill, the saving.

`overflow` has the queueing, `cheapest_number` the servers that cost least at each volume,
`overflowing` the platform with its bills and curve, and `saving` where it pays. `standing_week`
is for a migration that keeps both sides: which share servers that stand take in each hour.
"""
