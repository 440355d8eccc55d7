using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microservices.Gateway.Rest;

/// <summary>
/// An enum as JSON: one of its names, in snake case, exactly; no number, no other case, no blanks, no list of several. (The framework's converter
/// takes all of these.)
/// </summary>
internal abstract class ExactNames<T> : JsonConverter<T>
    where T : struct, Enum
{
    private static readonly (JsonEncodedText Name, T Value)[] Known =
        [.. Enum.GetValues<T>().Select(value => (JsonEncodedText.Encode(JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString())), value))];

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            foreach (var (name, value) in Known)
            {
                if (reader.ValueTextEquals(name.EncodedUtf8Bytes))
                    return value;
            }
        }

        throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        foreach (var (name, known) in Known)
        {
            if (EqualityComparer<T>.Default.Equals(known, value))
            {
                writer.WriteStringValue(name);
                return;
            }
        }

        throw new JsonException();
    }
}

/// <summary>The names of an enum, as JSON has them.</summary>
internal static class EnumNames
{
    public static IEnumerable<string> Of(Type type) => Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName);
}

internal sealed class OrderStateConverter : ExactNames<OrderState>;

internal sealed class OrderStepConverter : ExactNames<OrderStep>;

internal sealed class PartStatusConverter : ExactNames<PartStatus>;

internal sealed class OrderEventKindConverter : ExactNames<OrderEventKind>;

internal sealed class NotificationEventKindConverter : ExactNames<NotificationEventKind>;

internal sealed class WebhookEndpointStateConverter : ExactNames<WebhookEndpointState>;

internal sealed class WebhookSourceKindConverter : ExactNames<WebhookSourceKind>;

internal sealed class WebhookDeliveryStateConverter : ExactNames<WebhookDeliveryState>;

internal sealed class WebhookDeliveryEventKindConverter : ExactNames<WebhookDeliveryEventKind>;

internal sealed class JobStateConverter : ExactNames<JobState>;

internal sealed class JobPriorityConverter : ExactNames<JobPriority>;

internal sealed class JobEventKindConverter : ExactNames<JobEventKind>;

internal sealed class FlowStateConverter : ExactNames<FlowState>;

internal sealed class FlowStepKindConverter : ExactNames<FlowStepKind>;

internal sealed class FlowStepStateConverter : ExactNames<FlowStepState>;

internal sealed class FlowComparisonConverter : ExactNames<FlowComparison>;

internal sealed class FlowEventKindConverter : ExactNames<FlowEventKind>;
