"""What a training does to its images, in batches and on their device."""
