using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>Makes messages of any type from its descriptor: mostly what the contract asks for, here and there what it does not.</summary>
internal sealed class Messages(Corpus corpus, Random random)
{
    private const int MaxDepth = 5;
    private static readonly long[] Numbers = [0, 1, 2, 3, 10, 16, 50, 100, 500, 1_000, 1_000_000, int.MaxValue, uint.MaxValue, long.MaxValue, -1, -2, int.MinValue, long.MinValue];

    /// <summary>A message in bytes, which half of the time are damaged.</summary>
    public byte[] Next(MessageDescriptor descriptor)
    {
        var bytes = Make(descriptor, 0).ToByteArray();
        return random.Next(3) == 0 ? Bytes.Mutate(bytes, random) : bytes;
    }

    private IMessage Make(MessageDescriptor descriptor, int depth)
    {
        var message = (IMessage)Activator.CreateInstance(descriptor.ClrType)!;
        foreach (var field in descriptor.Fields.InDeclarationOrder())
        {
            // One of a oneof: its last is set most often, so give all the same chance.
            if (field.ContainingOneof is { IsSynthetic: false } oneof && oneof.Fields[random.Next(oneof.Fields.Count)] != field)
                continue;
            if (random.Next(8) == 0 || (field.FieldType == FieldType.Message && depth >= MaxDepth))
                continue;
            if (field.IsMap)
                continue;
            if (!field.IsRepeated)
            {
                field.Accessor.SetValue(message, Value(field, depth));
                continue;
            }

            var list = (IList)field.Accessor.GetValue(message);
            for (var count = Count(depth); count > 0; count--)
                list.Add(Value(field, depth));
        }

        return message;
    }

    private int Count(int depth) => random.Next(20) switch
    {
        0 => 0,
        1 when depth < 2 => random.Next(90, 120),
        2 when depth < 1 => random.Next(900, 1_100),
        _ => random.Next(1, 4),
    };

    private object Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.Message or FieldType.Group => Make(field.MessageType, depth + 1),
        FieldType.String => Text(field.Name),
        FieldType.Bytes => ByteString.CopyFromUtf8(Text(field.Name)),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, random.Next(5) == 0 ? (int)Number() : field.EnumType.Values[random.Next(field.EnumType.Values.Count)].Number),
        FieldType.Double => random.Next(2) == 0 ? double.NaN : Number(),
        FieldType.Float => random.Next(2) == 0 ? float.PositiveInfinity : Number(),
        FieldType.UInt64 or FieldType.Fixed64 => (ulong)Number(),
        FieldType.UInt32 or FieldType.Fixed32 => (uint)Number(),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Number(),
        _ => (int)Number(),
    };

    private long Number() => random.Next(6) == 0 ? random.NextInt64() : random.Next(3) == 0 ? Numbers[random.Next(Numbers.Length)] : random.Next(1, 20);

    private string Text(string field) => random.Next(6) == 0 ? Texts.Next(random) : corpus.Next(field, random) ?? Texts.Next(random);
}
