"""S3: buckets, who may read them, and that one with objects in it goes only where the program says so."""

from __future__ import annotations

from sandbox.clouds.aws.common import own_name, region_of
from sandbox.clouds.buckets import S3_BLOCK, S3_BUCKET, S3_POLICY, keep_objects, lets_everybody
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id
from sandbox.clouds.world import World

# What access points, Object Lambda, directory and table buckets, and S3's own examples are called is nobody's bucket.
_KEPT = r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)"
_NAME = Text(63, rf"{_KEPT}[a-z0-9][a-z0-9.-]*[a-z0-9]", "S3 user guide, Bucket naming rules", shortest=3)


def _bucket_id(world: World, r: Resource) -> str:
    """pulumi-aws 7.51.1, Bucket.bucket_prefix: "Creates a unique bucket name beginning with the specified prefix"."""
    prefix = r.inputs.get("bucketPrefix") or f"{own_name(r)}-"
    return str(r.inputs.get("bucket") or f"{prefix}{hex_id(7)}")


def _outputs(world: World, r: Resource) -> Values:
    region = region_of(r)
    domain = f"{r.id}.s3.amazonaws.com"
    regional = f"{r.id}.s3.{region}.amazonaws.com"
    found = {"arn": f"arn:aws:s3:::{r.id}", "bucket": r.id, "region": region, "bucketRegion": region}
    return {**found, "bucketDomainName": domain, "bucketRegionalDomainName": regional}


def of_bucket(world: World, r: Resource) -> str:
    """A policy or a block has its bucket's name for an id."""
    bucket = str(r.inputs.get("bucket"))
    world.store.require(S3_BUCKET, bucket, f"NoSuchBucket: The specified bucket does not exist: {bucket}")
    return bucket


def _may_be_public(world: World, r: Resource) -> None:
    """A policy for everybody is refused where the bucket blocks such policies. S3 user guide, Block Public Access."""
    of_bucket(world, r)
    blocks = [one.inputs for one in world.store.all(S3_BLOCK) if one.inputs.get("bucket") == r.inputs.get("bucket")]
    # Without a word of the program every bucket blocks them (since April 2023).
    if lets_everybody(r.inputs.get("policy")) and not any(b.get("blockPublicPolicy") is False for b in blocks):
        raise CloudRefused(
            "AccessDenied: because public policies are blocked by the BlockPublicPolicy block public access setting",
            hint="set block_public_policy=False in a BucketPublicAccessBlock that the policy depends on",
        )


declare(
    S3_BUCKET,
    fidelity=Fidelity.SIMULATED,
    effect="objects can be written to it with credentials, and read by its host name as its policy says",
    not_simulated="listing, versions, encryption, lifecycle, replication, ACLs",
    id_of=_bucket_id,
    outputs=_outputs,
    delete=keep_objects("aws", "BucketNotEmpty: The bucket you tried to delete is not empty"),
    limits={
        "bucket": _NAME,
        "bucketPrefix": Text(37, _NAME.pattern.removesuffix("[a-z0-9]"), "pulumi-aws 7.51.1, Bucket.bucket_prefix"),
    },
    forces_new=because(ID, "bucket", "bucketPrefix"),
)
declare(
    S3_BLOCK,
    fidelity=Fidelity.SIMULATED,
    effect="lets a policy open its bucket to everybody, or not",
    id_of=of_bucket,
    forces_new=because(ID, "bucket"),
)
declare(
    S3_POLICY,
    fidelity=Fidelity.SIMULATED,
    effect="what it lets everybody read is readable without credentials",
    not_simulated="every statement but Allow s3:GetObject for everybody",
    id_of=of_bucket,
    rules=(_may_be_public,),
    forces_new=because(ID, "bucket"),
)
