"""Grafana's dashboards as data, and what writes them as Grafana reads them. Not a part of the installed package."""
