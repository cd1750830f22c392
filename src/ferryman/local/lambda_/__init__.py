"""A local Lambda: a Runtime API, environments that are processes, and event sources.

A request passes `event_source` (HTTP in, event out), `function` (chooses an environment),
`environment_process` (one process, frozen between invocations) and `runtime_api` (the API for that
process). The package runs any command that speaks the Runtime API.
"""
