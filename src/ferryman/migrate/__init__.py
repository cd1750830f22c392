"""Moves an app's traffic from one side to another, and back automatically if the new side is worse.

`planning` estimates time and cost beforehand. `machine` decides the next move, as a function of the
migration's document and of a look at both sides. `shifters` change a balancer's weight, `observers`
count both sides' answers, and `stores` keep the document. `parity` and `verify` compare both sides'
answers to the requests of a file, `golden` and `replay` to recorded requests.

The room knows a side by its address and by its names at a balancer. It must not know how a target
works inside, nor prices: callers pass in the costs and capacity of a side. (`shifters.route` uses
the Kubernetes client of `targets.k8s`.)
"""
