"""Works on a cluster: computes changes, applies them, watches the rollout, rolls back.

Everything goes through the Kubernetes client and its kubeconfig, as kubectl does. Pure functions
decide what to do from documents; `api` sends all requests.
"""
