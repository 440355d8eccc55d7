using System.Text.Json;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>The REST API's names beside the contracts'.</summary>
internal static class RestNames
{
    /// <summary>"userId" and "userIds" are user_id, as the fields of the contracts are called.</summary>
    public static string Snake(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name) switch
    {
        "user_ids" => "user_id",
        "last-event-_id" or "last_event_id" => "last_event_id",
        "idempotency-_key" => "idempotency_key",
        var snake => snake,
    };
}
