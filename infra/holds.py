"""Which resources hold data, or a name that others know: losing one is not undone by making it again. Pure."""

from __future__ import annotations

from collections.abc import Mapping

HOLDS: Mapping[str, str] = {
    "aws:route53/zone:Zone": "the domain's records, and the name servers that it is delegated to",
    "aws:ecr/repository:Repository": "the images, by which a site goes back to what it was",
    "azure-native:containerregistry:Registry": "the images, and a name that is taken once in the world",
    "gcp:artifactregistry/repository:Repository": "the images, by which a site goes back to what it was",
    "aws:cloudwatch/logGroup:LogGroup": "the site's log",
    "gcp:compute/globalAddress:GlobalAddress": "the address that DNS names",
    "azure-native:operationalinsights:Workspace": "the site's log",
    "azure-native:app:ManagedEnvironment": "the address that DNS names",
    "aws:secretsmanager/secret:Secret": "keys that callers hold the other half of",
    "azure-native:keyvault:Secret": "keys that callers hold the other half of",
    "azure-native:keyvault:Vault": "all that is in it, and a name that is taken once in the world",
    "gcp:secretmanager/secret:Secret": "keys that callers hold the other half of",
    "aws:s3/bucket:Bucket": "what outlives the sites",
    "azure-native:storage:StorageAccount": "what outlives the sites, and a name that is taken once in the world",
    "gcp:storage/bucket:Bucket": "what outlives the sites",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": "the site's log, or the audit log",
}
"""Type -> what goes with it."""
