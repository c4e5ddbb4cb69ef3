"""Why a variant lost: its rows, its graph and its calibration, looked at against float32."""
