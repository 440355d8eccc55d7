using System.Text;
using System.Text.Json.Nodes;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>JSON that is not what an operation's example is: other types, other members, too much, too deep, and what is no JSON.</summary>
internal sealed class JsonDamage(Corpus corpus, Random random)
{
    private static readonly string[] Raw =
    [
        "1e999", "-0", "00", "1.", "0.1e-400", "123456789012345678901234567890", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "nul", "NaN", "\"", "{\"a\":1,\"a\":2}", "[[[[[[]]]]]]", "\"\\x\"",
    ];

    /// <summary>The bytes of a body.</summary>
    public byte[] Next(JsonNode? example)
    {
        var text = new StringBuilder();
        Write(text, example, "", random.Next(1, 4));
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        return random.Next(5) == 0 ? Bytes.Mutate(bytes, random) : bytes;
    }

    // Damage is given out on the way down: a member gets some of what is left.
    private void Write(StringBuilder text, JsonNode? node, string name, int damage)
    {
        if (damage > 0 && random.Next(6) == 0)
        {
            WriteOther(text);
            return;
        }

        switch (node)
        {
            case JsonObject members:
                text.Append('{');
                var first = true;
                foreach (var (key, value) in members)
                {
                    var times = damage > 0 ? random.Next(12) switch { 0 => 0, 1 => 2, _ => 1 } : 1;
                    for (; times > 0; times--)
                    {
                        WriteName(text, ref first, damage > 0 && random.Next(15) == 0 ? Texts.Mutate(key, random) : key);
                        Write(text, value, key, damage);
                    }
                }

                if (damage > 0 && random.Next(8) == 0)
                {
                    text.Append(first ? "" : ",").Append("\"\\ud800aaaaaaaaaa\":1");
                    first = false;
                }

                text.Append('}');
                break;
            case JsonArray items:
                text.Append('[');
                var repeat = damage > 0 && items.Count > 0 ? random.Next(10) switch { 0 => 0, 1 => 101, 2 => 60, _ => 1 } : 1;
                text.AppendJoin(',', Enumerable.Repeat(items, repeat).SelectMany(i => i).Select(item =>
                {
                    var part = new StringBuilder();
                    Write(part, item, name, damage);
                    return part.ToString();
                }));
                text.Append(']');
                break;
            default:
                var known = node?.GetValueKind() == System.Text.Json.JsonValueKind.String ? corpus.Next(RestNames.Snake(name), random) : null;
                text.Append(known is not null && random.Next(3) > 0 ? JsonValue.Create(known).ToJsonString() : node?.ToJsonString() ?? "null");
                break;
        }
    }

    private static void WriteName(StringBuilder text, ref bool first, string name)
    {
        text.Append(first ? "" : ",").Append(JsonValue.Create(name).ToJsonString()).Append(':');
        first = false;
    }

    private void WriteOther(StringBuilder text)
    {
        switch (random.Next(9))
        {
            case 0:
                text.Append(Raw[random.Next(Raw.Length)]);
                break;
            case 1:
                var depth = random.Next(10, 300);
                text.Append('[', depth).Append(']', depth);
                break;
            case 2:
                text.Append("{}");
                break;
            case 3:
                text.Append("null");
                break;
            case 4:
                text.Append(random.NextInt64(long.MinValue, long.MaxValue));
                break;
            case 5:
                text.Append(random.Next(2) == 0 ? "true" : "[]");
                break;
            default:
                text.Append(JsonValue.Create(Texts.Next(random)).ToJsonString());
                break;
        }
    }
}
