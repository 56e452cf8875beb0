"""The pages of campaigns and their audience. Views are thin: they parse, call one service and answer."""
