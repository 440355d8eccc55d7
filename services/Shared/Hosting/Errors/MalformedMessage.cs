using System.Text.Unicode;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Microservices.Hosting.Errors;

/// <summary>
/// A message that does not match its contract: text that is not UTF-8, a field of another type, a premature end. The caller is told
/// INVALID_ARGUMENT and which field, as with any other bad input; protobuf's parser only says that something is wrong.
/// </summary>
internal sealed class MalformedMessageException : BadRequestException
{
    private static readonly ErrorDomain Domain = new("suite");

    private MalformedMessageException(RpcException status)
        : base(status)
    {
    }

    public static MalformedMessageException For(MessageDescriptor message, byte[] payload)
    {
        var violations = new FieldViolations();
        var field = FindBad(message, payload, "");
        violations.Add(field ?? message.Name, "does not match the contract: text must be UTF-8, and every field must have its type");
        return new(Domain.Invalid(violations).ToRpcException());
    }

    // The path of the first field that cannot be read; null when all can.
    private static string? FindBad(MessageDescriptor message, byte[] payload, string path)
    {
        var seen = new Dictionary<int, int>();
        var current = path.TrimEnd('.');
        try
        {
            var input = new CodedInputStream(payload);
            for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
            {
                var field = message.FindFieldByNumber(WireFormat.GetTagFieldNumber(tag));
                if (field is null)
                {
                    input.SkipLastField();
                    continue;
                }

                var index = seen[field.FieldNumber] = seen.GetValueOrDefault(field.FieldNumber, -1) + 1;
                current = field.IsRepeated ? $"{path}{field.Name}[{index}]" : path + field.Name;
                if (field.FieldType is not (FieldType.String or FieldType.Message) || WireFormat.GetTagWireType(tag) != WireFormat.WireType.LengthDelimited)
                {
                    input.SkipLastField();
                    continue;
                }

                var value = input.ReadBytes();
                if (field.FieldType == FieldType.String && !Utf8.IsValid(value.Span))
                    return current;
                if (field.FieldType == FieldType.Message && FindBad(field.MessageType, value.ToByteArray(), current + ".") is { } inner)
                    return inner;
            }

            return null;
        }
        catch (InvalidProtocolBufferException)
        {
            return current.Length == 0 ? null : current;
        }
    }
}
