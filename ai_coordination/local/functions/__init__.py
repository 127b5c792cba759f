"""Lambda on this machine: functions of a Python file, and the API, behind Lambda's Invoke API."""
