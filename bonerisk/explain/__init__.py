"""Where a network looks: Grad-CAM, its share on each organ, and what checks it: shuffled weights, and occlusion."""
