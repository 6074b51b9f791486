"""The workflow template run on a user's data without Scipion's window: `etomotut run`."""
