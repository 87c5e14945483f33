"""Fitting an encoder and a head together: the loop and its settings know no task, an objective is one."""
