"""Who the simulated patients are: bones, diseases, course, and what the truth could tell."""
