"""Work on a cluster: what would change, applying it, watching it, going back.

Everything goes through the Kubernetes client and its kubeconfig, as kubectl does. What to
do is worked out by pure functions from documents; `api` alone speaks to the cluster.
"""
