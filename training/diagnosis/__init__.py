"""Why a variant lost: its rows, its graph and its calibration, looked at against what it was made from."""
