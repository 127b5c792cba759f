"""Other engines of durable workflows, measured beside this one."""
