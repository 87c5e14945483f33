"""What a head is fitted to: a film's embedding, columns of the cohort, or the image's risk with columns."""
