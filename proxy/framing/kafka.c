/* SPDX-License-Identifier: MIT */
/*
 * `kafka`: the Kafka protocol guide, "Protocol Primitive Types" and "Api Keys". A message is a
 * length of 4 bytes and a body; a request's body begins with its API key and version.
 *
 * Behind SaslHandshake version 0 both sides send tokens of the SASL mechanism: a length and bytes
 * without a header. The client's first request ends that.
 */
#include "proxy/framing/length.h"

#define MESSAGE_MAX (1u << 30) /* brokers take 100 MB by default, 2 GB at most */

static const char *const api_names[] = {
    "Produce",
    "Fetch",
    "ListOffsets",
    "Metadata",
    "LeaderAndIsr",
    "StopReplica",
    "UpdateMetadata",
    "ControlledShutdown",
    "OffsetCommit",
    "OffsetFetch",
    "FindCoordinator",
    "JoinGroup",
    "Heartbeat",
    "LeaveGroup",
    "SyncGroup",
    "DescribeGroups",
    "ListGroups",
    "SaslHandshake",
    "ApiVersions",
    "CreateTopics",
    "DeleteTopics",
    "DeleteRecords",
    "InitProducerId",
    "OffsetForLeaderEpoch",
    "AddPartitionsToTxn",
    "AddOffsetsToTxn",
    "EndTxn",
    "WriteTxnMarkers",
    "TxnOffsetCommit",
    "DescribeAcls",
    "CreateAcls",
    "DeleteAcls",
    "DescribeConfigs",
    "AlterConfigs",
    "AlterReplicaLogDirs",
    "DescribeLogDirs",
    "SaslAuthenticate",
    "CreatePartitions",
    "CreateDelegationToken",
    "RenewDelegationToken",
    "ExpireDelegationToken",
    "DescribeDelegationToken",
    "DeleteGroups",
    "ElectLeaders",
    "IncrementalAlterConfigs",
    "AlterPartitionReassignments",
    "ListPartitionReassignments",
    "OffsetDelete",
    "DescribeClientQuotas",
    "AlterClientQuotas",
    "DescribeUserScramCredentials",
    "AlterUserScramCredentials",
    "Vote",
    "BeginQuorumEpoch",
    "EndQuorumEpoch",
    "DescribeQuorum",
    "AlterPartition",
    "UpdateFeatures",
    "Envelope",
    "FetchSnapshot",
    "DescribeCluster",
    "DescribeProducers",
    "BrokerRegistration",
    "BrokerHeartbeat",
    "UnregisterBroker",
    "DescribeTransactions",
    "ListTransactions",
    "AllocateProducerIds",
    "ConsumerGroupHeartbeat",
    "ConsumerGroupDescribe",
    "ControllerRegistration",
    "GetTelemetrySubscriptions",
    "PushTelemetry",
    "AssignReplicasToDirs",
    "ListConfigResources",
    "DescribeTopicPartitions",
    "ShareGroupHeartbeat",
    "ShareGroupDescribe",
    "ShareFetch",
    "ShareAcknowledge",
    "AddRaftVoter",
    "RemoveRaftVoter",
    "UpdateRaftVoter",
    "InitializeShareGroupState",
    "ReadShareGroupState",
    "WriteShareGroupState",
    "DeleteShareGroupState",
    "ReadShareGroupStateSummary",
    "StreamsGroupHeartbeat",
    "StreamsGroupDescribe",
    "DescribeShareGroupOffsets",
    "AlterShareGroupOffsets",
    "DeleteShareGroupOffsets",
};

#define API_KEY_END 1000    /* keys are numbered without gaps; newer ones than above have no name */
#define API_VERSION_END 100 /* the highest so far is 18 */

#define API_SASL_HANDSHAKE 17
#define CLIENT_ID_NULL 0xffff

struct kafka_state {
    struct length_state length;
    bool tokens; /* both sides send tokens */
};

static bool name_request(void *state, enum direction direction, struct length_header *header)
{
    struct kafka_state *kafka = state;
    uint64_t key = length_number(header->bytes + 4, 2, false);
    uint64_t version = length_number(header->bytes + 6, 2, false);
    (void)direction;
    header->kind = LENGTH_NAME(api_names, key);
    kafka->tokens = key == API_SASL_HANDSHAKE && version == 0;
    return key < API_KEY_END && version < API_VERSION_END;
}

/* Whether bytes that may be a token are a request: a key that has a name, a version, a correlation
 * id, and a client id that is no longer than the message. */
static bool is_request(const struct length_header *header)
{
    if (header->seen < 14)
        return false;
    uint64_t client_id = length_number(header->bytes + 12, 2, false);
    return LENGTH_NAME(api_names, length_number(header->bytes + 4, 2, false)) != NULL &&
           length_number(header->bytes + 6, 2, false) < API_VERSION_END &&
           (client_id == CLIENT_ID_NULL || client_id <= header->size - 14);
}

static bool name_token(void *state, enum direction direction, struct length_header *header)
{
    return is_request(header) ? name_request(state, direction, header) : true;
}

/* A request has at least a key, a version, a correlation id and a client id's length. */
static const struct length_row request_row = {.header = 4,
    .width = 4,
    .add = 4,
    .min = 12,
    .max = MESSAGE_MAX,
    .look = 8,
    .name = name_request};
static const struct length_row response_row = {
    .header = 4, .width = 4, .add = 4, .min = 8, .max = MESSAGE_MAX};

static const struct length_row client_token_row = {
    .header = 4, .width = 4, .add = 4, .max = MESSAGE_MAX, .look = 14, .name = name_token};
static const struct length_row server_token_row = {
    .header = 4, .width = 4, .add = 4, .max = MESSAGE_MAX};

static const struct length_row *pick(void *state, enum direction direction, unsigned char first)
{
    const struct kafka_state *kafka = state;
    (void)first;
    if (direction == DIRECTION_UPSTREAM)
        return kafka->tokens ? &client_token_row : &request_row;
    return kafka->tokens ? &server_token_row : &response_row;
}

static size_t step(
    struct framing *framing, enum direction direction, const unsigned char *bytes, size_t n)
{
    return length_step(framing, direction, bytes, n, pick);
}

const struct framer framer_kafka = {
    .name = "kafka",
    .state_size = sizeof(struct kafka_state),
    .knows_sizes = true,
    .kinds = {{LENGTH_NAMES(api_names)}, {0}},
    .step = step,
};
