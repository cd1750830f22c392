"""A Lambda on this machine: a Runtime API, environments that are processes, event sources.

A request passes `front_door` (HTTP in, event out), `function` (which environment takes it),
`environment` (one process, frozen between invocations) and `runtime_api` (what that process
talks to). It runs any command that speaks the Runtime API.
"""
