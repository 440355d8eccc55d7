using System.Text.Json;
using System.Text.Json.Serialization;
using Microservices.Gateway.Errors;

namespace Microservices.Gateway.Rest;

/// <summary>How the gateway reads and writes JSON: generated code for every type, camelCase, nothing unknown, twice, or null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    NumberHandling = JsonNumberHandling.Strict,
    AllowDuplicateProperties = false,
    MaxDepth = 16)]
[JsonSerializable(typeof(CreateUser))]
[JsonSerializable(typeof(UpdateUser))]
[JsonSerializable(typeof(PlaceOrder))]
[JsonSerializable(typeof(CancelOrder))]
[JsonSerializable(typeof(AdvanceOrder))]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(UserPage))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class GatewayJson : JsonSerializerContext;

/// <summary>Order states in lower case, never as numbers.</summary>
internal sealed class OrderStateConverter() : JsonStringEnumConverter<OrderState>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>Part statuses in lower case, never as numbers.</summary>
internal sealed class PartStatusConverter() : JsonStringEnumConverter<PartStatus>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

internal static class JsonRegistration
{
    /// <summary>Makes what describes the API see the types as they are read and written.</summary>
    public static void AddJson(this WebApplicationBuilder builder) => builder.Services.ConfigureHttpJsonOptions(options =>
    {
        var json = options.SerializerOptions;
        json.TypeInfoResolverChain.Insert(0, GatewayJson.Default);
        json.NumberHandling = GatewayJson.Default.Options.NumberHandling;
        json.DefaultIgnoreCondition = GatewayJson.Default.Options.DefaultIgnoreCondition;
        json.UnmappedMemberHandling = GatewayJson.Default.Options.UnmappedMemberHandling;
    });
}
