"""A client of DynamoDB for the operations on items, at a fraction of botocore's processor time.

botocore finds credentials, region and endpoint. What its client does for each request (models,
events, parsers) takes longer than the engine's own work, so requests are composed and signed here.
"""
