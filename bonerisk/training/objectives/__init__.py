"""What a training of encoder and head aims at; `bonerisk.parts.Objective` is their contract."""
